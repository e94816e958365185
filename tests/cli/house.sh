# shellcheck shell=bash
# The house's own rules: who may include whom, scripts without findings, packages with a reason.

source_root=$here/../..

expect 0 'no room includes what src/ROOMS does not permit' "$source_root/tools/check-rooms"
if command -v shellcheck >/dev/null; then
	expect 0 'the scripts are clean' "$source_root/tools/check" shellcheck
else
	skip 'the scripts are clean' 'no shellcheck'
fi
expect 1 'every package stands with its reason' grep -nE '^[a-z0-9.+-]+ *$' "$source_root/tools/packages"
