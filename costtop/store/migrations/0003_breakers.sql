-- What holds a session back, who may pass for a while, and what was done by itself.

-- One row for each breaker: a budget that is spent, or a session that is to stop. Open while
-- `ended` is NULL. The globs of its scope must all match; '' matches everything.
CREATE TABLE breakers (
  id        INTEGER PRIMARY KEY,
  budget    TEXT    NOT NULL DEFAULT '',  -- its name; '' for a session's own breaker
  period    TEXT    NOT NULL DEFAULT '',
  action    TEXT    NOT NULL,             -- gate | pause | stop | kill
  feature   TEXT    NOT NULL DEFAULT '',
  user      TEXT    NOT NULL DEFAULT '',
  project   TEXT    NOT NULL DEFAULT '',
  model     TEXT    NOT NULL DEFAULT '',
  source    TEXT    NOT NULL DEFAULT '',
  session   TEXT    NOT NULL DEFAULT '',
  why       TEXT    NOT NULL,
  opened    INTEGER NOT NULL,             -- first look, ms: the gate holds from here on
  confirmed INTEGER,                      -- second look, ms: only then are processes touched
  due       INTEGER,                      -- when the deed follows, ms; NULL: not confirmed
  until     INTEGER,                      -- it holds no longer than this, ms: end of the period
  capped    INTEGER NOT NULL DEFAULT 0,   -- said once that the hourly cap stopped it
  ended     INTEGER,
  ended_by  TEXT    NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX breakers_open ON breakers (budget, session) WHERE ended IS NULL;

-- What a breaker did to a session, once; the cap per hour is counted here.
CREATE TABLE breaker_deeds (
  breaker INTEGER NOT NULL,
  session TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  deed    TEXT    NOT NULL,               -- pause | kill
  outcome TEXT    NOT NULL,
  PRIMARY KEY (breaker, session, deed)
) WITHOUT ROWID;

-- Who lets what pass, until when. Both names empty: everything.
CREATE TABLE overrides (
  id      INTEGER PRIMARY KEY,
  by      TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  budget  TEXT    NOT NULL DEFAULT '',
  session TEXT    NOT NULL DEFAULT '',    -- "source/session"
  until   INTEGER NOT NULL,
  ended   INTEGER
);
CREATE INDEX overrides_until ON overrides (until);

-- How often a session's gate has said no lately: a model that argues is stopped.
CREATE TABLE denials (
  session TEXT PRIMARY KEY,
  at      INTEGER NOT NULL,
  times   INTEGER NOT NULL
) WITHOUT ROWID;

-- A kill under way: gone on with after a crash, if the process is the same and it is fresh.
CREATE TABLE intents (
  id      INTEGER PRIMARY KEY,
  session TEXT    NOT NULL,
  pid     INTEGER NOT NULL,
  start   INTEGER NOT NULL,
  rung    TEXT    NOT NULL,
  by      TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  done    INTEGER
);
CREATE INDEX intents_open ON intents (at) WHERE done IS NULL;

-- What Claude Code's status line says of a session itself: an independent check of our sums.
CREATE TABLE statuslines (
  session   TEXT PRIMARY KEY,             -- "source/session"
  at        INTEGER NOT NULL,
  cost      INTEGER,                      -- nano-dollars
  five_hour REAL,                         -- per cent used of the plan's limits
  seven_day REAL
) WITHOUT ROWID;

-- Commands started by `costtop run`, and the sessions that were begun inside them.
CREATE TABLE runs (
  id      TEXT PRIMARY KEY,
  pid     INTEGER NOT NULL,
  start   INTEGER NOT NULL,
  cwd     TEXT    NOT NULL,
  feature TEXT    NOT NULL DEFAULT '',
  task    TEXT    NOT NULL DEFAULT '',
  user    TEXT    NOT NULL DEFAULT '',
  began   INTEGER NOT NULL,
  ended   INTEGER
) WITHOUT ROWID;
CREATE TABLE run_sessions (
  session TEXT PRIMARY KEY,               -- "source/session" of the root session
  run     TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX run_sessions_run ON run_sessions (run);
