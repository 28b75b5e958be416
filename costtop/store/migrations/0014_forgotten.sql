-- What a user had forgotten, so that no log brings it back. Sessions stand as a hash, not by name.
CREATE TABLE forgotten (
  who   BLOB    PRIMARY KEY,   -- hash of "source/session"; empty: every session
  until INTEGER NOT NULL,      -- what it did up to then, event time ms; what comes later counts
  at    INTEGER NOT NULL       -- when it was asked for
) WITHOUT ROWID;
-- Keys of its calls: a copy of one may stand in another session's log.
CREATE TABLE forgotten_calls (key BLOB PRIMARY KEY) WITHOUT ROWID;
