# shellcheck shell=bash disable=SC2154,SC1091,SC2016
. "$here/ground.sh"
ground

printf 'kernel 6.1\narch   x86_64\ndefault kill-process\n# why\nallow  read,write   # both\n' >ugly.policy
cp ugly.policy ugly.before
expect 0 'a policy is put in form' callgate fmt ugly.policy
stdout_has '^# why$'
stdout_has '# both'
stdout_has '^allow read, write'
check 'the file stays as it was' cmp -s ugly.policy ugly.before
cp out pretty.policy
expect 0 'form is stable' callgate fmt pretty.policy
check '  what is in form stays so' cmp -s out pretty.policy
expect 1 'what is not in form is named' callgate fmt --check pretty.policy ugly.policy
stdout_is 'ugly.policy'
expect 0 'what is in form is not' callgate fmt --check pretty.policy
stdout_is ''
expect 0 'meaning is kept' callgate diff ugly.policy pretty.policy
expect 0 'files are rewritten when asked' callgate fmt -w ugly.policy
stdout_is ''
check '  whole' cmp -s ugly.policy pretty.policy
expect 0 'an output is written' callgate fmt -o copy.policy ugly.policy
check '  whole' cmp -s copy.policy pretty.policy
printf 'allow read if (\n' >broken.policy
expect 2 'what is no policy' callgate fmt -w broken.policy
stderr_has '^broken.policy:[0-9]*:[0-9]*: error: '
check '  stays as it was' test "$(cat broken.policy)" = 'allow read if ('
expect 2 '--write and --output' callgate fmt -w -o x ugly.policy
