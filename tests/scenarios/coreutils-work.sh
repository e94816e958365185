#!/bin/sh
# A walk through the small tools: each is worked, and shown something that is not there.
mkdir -p a/b/c && touch a/file && cp a/file a/copy && mv a/copy a/b/moved && ln a/file a/hard && ln -s file a/soft
printf 'one\ntwo\nthree\n' >a/text
ls -laR --color=always a && ls /nowhere
cat a/text - </dev/null && tac a/text && head -n 1 a/text && tail -n 1 a/text && wc a/text && nl a/text
tail -c 3 a/text && split -n 2 a/text a/part. && csplit -s a/text 2
cut -c1 a/text && paste a/text a/text && tr a-z A-Z <a/text && uniq a/text && comm a/text a/text && join a/text a/text
md5sum a/text && sha256sum a/text >sums && sha256sum -c sums && b2sum a/text && cksum a/text && base64 a/text
dd if=/dev/zero of=a/zero bs=4096 count=4 conv=fsync && truncate -s 100 a/zero && du -a a && df . && stat a/text
stat -f . && sync a/text && shred -u a/zero && mktemp -d -p . && mkfifo pipe && readlink -f a/soft && realpath a/soft
chmod 600 a/text && chown "$(id -u)" a/text && install -m 755 a/text a/installed && rm -r a/b && rmdir a/nothing
date -u -d @0 && sleep 0.01 && timeout 5 true && timeout 0.05 sleep 5
id && whoami && groups && uname -a && hostid && nproc && uptime && who && tty && pwd && env true && nice true
nohup true && seq 3 && yes | head -n 2 && expr 1 + 1 && factor 360 && printf '%s\n' x && echo x && test -e a && tee copy <a/text
cp -a --reflink=auto a d && cp --sparse=always a/text sparse && rm -rf d && numfmt --to=iec 2048 && od a/text && fold -w 2 a/text
stdbuf -oL cat a/text && sort -u a/text && shuf -i 1-9 -n 2 && ptx a/text && pr a/text && fmt a/text && expand a/text
chmod 000 /nowhere
kill -0 $$ && false
true
