-- What sessions at rest came to, so that a question about weeks need not read their calls again.
-- Valid while nothing of the family has changed; what changes its tools alone takes the row away.
CREATE TABLE lives (
  session INTEGER PRIMARY KEY,    -- the root's row
  rev     INTEGER NOT NULL,       -- the highest of its family when its calls were read
  began   INTEGER,                -- event time of its first and latest call, ms
  last    INTEGER,
  first   INTEGER,                -- row of the first call
  life    BLOB                    -- deflated JSON; NULL while it is being worked out
);
CREATE INDEX lives_last ON lives (last) WHERE life IS NOT NULL;
