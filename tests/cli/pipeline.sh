# shellcheck shell=bash disable=SC1091,SC2154
# The recipe of examples/pipeline, by the commands of its README.
. "$here/follow.sh"
cp "$here/../../examples/pipeline/"* .
mkdir bin
printf '#!/bin/sh\nexec "%s" "$@"\n' "$CALLGATE" >bin/callgate
chmod +x bin/callgate
PATH=$PWD/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
printf '#!/bin/sh\ncat /dev/null\n' >service
chmod +x service
follow README.md
expect 7 'what the command itself fails of is its status' ./policy-gate service.policy sh -c 'exit 7'
