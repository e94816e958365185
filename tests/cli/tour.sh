# shellcheck shell=bash disable=SC1091
# What docs/tour.md says is so.
. "$here/follow.sh"
helpers=${CALLGATE_ATTACKS:-$here/../../build/tests/programs}
export CALLGATE_LIBSECCOMP=${CALLGATE_LIBSECCOMP:-$(dirname "$CALLGATE")/../../compat/libseccomp}
PATH=$(dirname "$CALLGATE"):$helpers:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
# As somebody has it who builds in build/.
source=$own_folder/source
mkdir "$source"
ln -s "$(cd "$here/../.." && pwd)"/{examples,include} "$source"
ln -s "$(cd "$(dirname "$CALLGATE")/../.." && pwd)" "$source/build"
follow "$here/../../docs/tour.md"
