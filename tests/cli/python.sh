# shellcheck shell=bash disable=SC2154
# The Python bindings: their layouts are those of the headers, and each of their functions answers as the command does.
library=$(cd "$(dirname "$CALLGATE")/.." && pwd)
if ! command -v python3 >/dev/null; then
	skip 'the bindings' 'no python3'
elif sanitized; then
	skip 'the bindings' 'the library wants a sanitizer, which python3 lacks'
else
	export PYTHONPATH=$here/../../bindings/python PYTHONDONTWRITEBYTECODE=1
	export CALLGATE_LIBRARY=$library/libcallgate.so.0
	"$here/python_bindings.py" "$here/../abi/interface.d" >tap 2>err </dev/null
	[ -s tap ] || result 1 'the bindings can be loaded'
	while IFS= read -r line; do
		case $line in
		'ok '*) result 0 "${line#ok }" ;;
		*) echo "$line" >out; result 1 "${line#not ok }" ;;
		esac
	done <tap
fi
