-- Requests that were billed and whose usage no log tells: a compaction, a cancelled turn. They are
-- estimates: no sum, budget, median or alert knows of them.
CREATE TABLE estimates (
  key     BLOB    PRIMARY KEY,    -- the same in every copy of the record
  kind    TEXT    NOT NULL,       -- compaction | cancelled
  session INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  place   INTEGER NOT NULL,       -- of a record in several files the earliest file's session has it
  since   INTEGER NOT NULL,       -- when the call before it was; a call told since may be it
  told    TEXT    NOT NULL,       -- JSON: what the log says, to estimate it again
  model   INTEGER NOT NULL DEFAULT 0,
  input INTEGER NOT NULL DEFAULT 0, cache_read INTEGER NOT NULL DEFAULT 0,
  cache_write INTEGER NOT NULL DEFAULT 0, cache_write_1h INTEGER NOT NULL DEFAULT 0,
  output INTEGER NOT NULL DEFAULT 0,
  cost    INTEGER                 -- nano-dollars, about; NULL: nothing tells
) WITHOUT ROWID;
CREATE INDEX estimates_session ON estimates (session);

-- What an agent's total held before the session began (a /clear goes on counting), or what it has
-- forgotten since (a new process begins at nothing): the session's own total is cost - base.
ALTER TABLE statuslines ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
