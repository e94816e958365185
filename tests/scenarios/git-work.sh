#!/bin/sh
# A day's work with git. The author, the dates and the configuration are fixed: the names of the commits are output too.
set -eu
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE='2024-01-01 12:00:00 +0000'
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org GIT_COMMITTER_DATE='2024-01-01 12:00:00 +0000'

git init -q -b main work
cd work
seq 1 500 >numbers
echo one >file
git add .
git commit -q -m first
git checkout -q -b side
echo side >side
git add side
git commit -q -m side
git checkout -q main
echo two >>file
git commit -q -a -m second
git merge -q -m merged side
git log --oneline --stat
git diff HEAD~1 -- side
git status --short
# An object that is there has its time renewed. Git does that also whenever a file is as new as its index.
git hash-object -w numbers
git tag -a -m tagged v1
git gc -q
cd ..
git clone -q work copy
git -C copy log --format=%s
git -C copy fsck --no-progress --strict
git -C copy grep -c 9 numbers
