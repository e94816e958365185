CREATE TABLE stock (name TEXT PRIMARY KEY, pieces INTEGER, price REAL);
CREATE INDEX by_price ON stock (price);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
INSERT INTO stock SELECT 'part ' || i, i % 17, i * 0.5 FROM n;
COMMIT;
UPDATE stock SET pieces = pieces + 1 WHERE name LIKE '%7';
DELETE FROM stock WHERE pieces = 3;
SELECT count(*), sum(pieces), max(price) FROM stock;
SELECT name, price FROM stock ORDER BY price DESC LIMIT 3;
.dump
VACUUM;
SELECT count(*) FROM stock;
