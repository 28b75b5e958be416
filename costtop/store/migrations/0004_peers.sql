-- What detectors keep of each finished session, so that a start need not read its calls again.
CREATE TABLE peers (
  id   INTEGER PRIMARY KEY,    -- order in which they finished
  root TEXT    NOT NULL UNIQUE,  -- "source/session"
  at   INTEGER NOT NULL,       -- when it finished, ms
  peer TEXT    NOT NULL        -- JSON of detect.peer.Peer
);
CREATE INDEX peers_at ON peers (at);
