-- When a session's gate was last heard: what a hook has done is proof, what a settings file says is none.
CREATE TABLE gate_calls (
  source  TEXT    NOT NULL,
  session TEXT    NOT NULL,             -- "source/session" of its root
  at      INTEGER NOT NULL,             -- ms UTC
  pid     INTEGER NOT NULL DEFAULT 0,   -- of the agent; 0: not known
  PRIMARY KEY (source, session)
) WITHOUT ROWID;
