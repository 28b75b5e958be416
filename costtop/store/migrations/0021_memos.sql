-- What a source remembers of each log is read when the log goes on, never all of it at start. Logs
-- are looked for by their path, whoever reads them.
CREATE TABLE memos (
  place INTEGER PRIMARY KEY,
  memo  TEXT NOT NULL           -- JSON of the source's memo; no row: it has nothing to remember
);
INSERT INTO memos SELECT id, memo FROM places WHERE memo <> '{}' AND state <> '';
CREATE TABLE places_by_path (
  id      INTEGER PRIMARY KEY,
  source  TEXT NOT NULL,
  path    BLOB NOT NULL,
  state   TEXT NOT NULL,        -- JSON of tail's Place: identity, offset
  started INTEGER,              -- first time in the file: the earliest file owns a copied call
  born    INTEGER NOT NULL,     -- mtime at first sight, ms
  read_at INTEGER NOT NULL,     -- receive time of the last read
  calls   INTEGER NOT NULL DEFAULT 0,
  bad     INTEGER NOT NULL DEFAULT 0,
  UNIQUE (path, source)
);
INSERT INTO places_by_path
  SELECT id, source, path, state, started, born, read_at, calls, bad FROM places;
DROP TABLE places;
ALTER TABLE places_by_path RENAME TO places;
CREATE INDEX breaker_deeds_at ON breaker_deeds (at);
CREATE INDEX alerts_raised ON alerts (raised);
CREATE INDEX alerts_budget ON alerts (budget, period);
