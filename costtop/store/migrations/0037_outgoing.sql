-- What a fleet's server has not heard yet. Nothing is written here without `[fleet]`: the triggers
-- that fill it are made when a fleet is joined (`store.outgoing`).
CREATE TABLE outgoing (
  seq  INTEGER PRIMARY KEY,   -- rises; the last row stays, so that no number is given twice
  call INTEGER NOT NULL,      -- row of a call that is new or has changed; 0: none
  key  BLOB                   -- or the key of one that is gone, as `calls` holds keys
  -- Where sums are shipped: `call` is -1 - quarter of an hour, `key` JSON of a session that is gone
);

-- Calls that the server refuses, whatever the rest of their batch.
CREATE TABLE outgoing_aside (
  call INTEGER PRIMARY KEY,
  at   INTEGER NOT NULL       -- ms UTC
);

-- One row, where a fleet was joined.
CREATE TABLE shipping (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  how     TEXT    NOT NULL,   -- what leaves and how, as a hash; '' while no fleet is joined
  sums    INTEGER NOT NULL,   -- 1: sums are shipped, no calls
  turn    INTEGER NOT NULL,   -- how often all of it had to go again
  acked   INTEGER NOT NULL,   -- `seq` up to which the server has everything
  history TEXT    NOT NULL,   -- JSON: where what was stored before goes on, newest day first; '': sent
  changed TEXT    NOT NULL    -- JSON: (rev, row) of the session that was told last
);
