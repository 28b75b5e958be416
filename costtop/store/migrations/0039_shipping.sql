-- What is shipped to a fleet was written down without `sums` for some minutes before any release: who
-- has a store of then joins anew, and all goes again, which changes nothing.
DROP TRIGGER IF EXISTS outgoing_gone;
DROP TRIGGER IF EXISTS outgoing_renamed;
DROP TRIGGER IF EXISTS outgoing_moved;
DROP TRIGGER IF EXISTS outgoing_ended;
DROP TRIGGER IF EXISTS outgoing_new;
DROP TRIGGER IF EXISTS outgoing_else;
DROP TRIGGER IF EXISTS outgoing_whose;
DROP TRIGGER IF EXISTS outgoing_latest;
DROP TRIGGER IF EXISTS outgoing_forgotten;
DROP TABLE shipping;
CREATE TABLE shipping (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  how     TEXT    NOT NULL,   -- what leaves and how, as a hash; '' while no fleet is joined
  sums    INTEGER NOT NULL,   -- 1: sums are shipped, no calls
  turn    INTEGER NOT NULL,   -- how often all of it had to go again
  acked   INTEGER NOT NULL,   -- `seq` up to which the server has everything
  history TEXT    NOT NULL,   -- JSON: where what was stored before goes on, newest day first; '': sent
  changed TEXT    NOT NULL    -- JSON: (rev, row) of the session that was told last
);
