.timer on
.shell true
.once |cat
SELECT 1;
.output |cat
SELECT 2;
.output
.read '|echo "SELECT 3;"'
.import '|seq 1 10' numbers
CREATE TABLE IF NOT EXISTS numbers (n);
SELECT writefile('made/here/file', 'text', 33188, 1700000000);
SELECT writefile('made/folder', NULL, 16877);
SELECT writefile('made/link', 'here/file', 41471);
SELECT count(*) FROM fsdir('made');
SELECT length(readfile('made/here/file'));
.open made/here/data.db
PRAGMA journal_mode = WAL;
PRAGMA mmap_size = 268435456;
CREATE TABLE t (a, b);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000) INSERT INTO t SELECT i, randomblob(100) FROM n;
PRAGMA wal_checkpoint(TRUNCATE);
SELECT count(*) FROM t;
INSERT INTO t SELECT a, randomblob(200) FROM t;
PRAGMA wal_checkpoint(TRUNCATE);
SELECT sum(length(b)) FROM t;
PRAGMA journal_mode = DELETE;
PRAGMA threads = 4;
PRAGMA cache_size = 50;
PRAGMA temp_store = FILE;
SELECT count(*) FROM (SELECT DISTINCT b FROM t ORDER BY b, a);
CREATE INDEX by_b ON t (b);
.backup made/backup.db
.clone made/clone.db
.archive -c -f made/archive.sqlar made/here/file made/link made/folder
.archive -x -f made/archive.sqlar -C made/folder
.cd made
.open link.db
.load ./nothing.so
.dbinfo
.cd ..
.open locked.db
.timeout 150
CREATE TABLE IF NOT EXISTS nobody_may (x);
.log stderr
.quit
