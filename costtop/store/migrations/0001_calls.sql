-- The table of calls is the truth; sessions' totals, minutes and spend are roll-ups of it that
-- `costtop reprice` rebuilds. Text is interned in `names`: integer keys make a row of 120 bytes.

CREATE TABLE names (
  id   INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
);
INSERT INTO names (id, text) VALUES (0, '');

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Whose call it was. All columns but id are names.
CREATE TABLE contexts (
  id      INTEGER PRIMARY KEY,
  cwd     INTEGER NOT NULL,
  branch  INTEGER NOT NULL,
  project INTEGER NOT NULL,
  feature INTEGER NOT NULL,  -- the explicit tag; the resolved feature stands in calls and spend
  user    INTEGER NOT NULL,
  task    INTEGER NOT NULL,
  host    INTEGER NOT NULL,
  tags    INTEGER NOT NULL,
  UNIQUE (cwd, branch, project, feature, user, task, host, tags)
);

-- One row for each (source, session, agent); agent '' is the session itself.
CREATE TABLE sessions (
  id         INTEGER PRIMARY KEY,
  source     INTEGER NOT NULL,
  session    TEXT    NOT NULL,
  agent      TEXT    NOT NULL DEFAULT '',
  agent_type INTEGER NOT NULL DEFAULT 0,
  parent     INTEGER,
  root       INTEGER NOT NULL,
  context    INTEGER NOT NULL DEFAULT 0,   -- of the latest call or fact
  feature    INTEGER NOT NULL DEFAULT 0,   -- resolved, of the latest call
  model      INTEGER NOT NULL DEFAULT 0,   -- of the latest call
  version    INTEGER NOT NULL DEFAULT 0,
  started    INTEGER,                      -- event time, ms
  last       INTEGER,                      -- event time of the latest call or fact, ms
  seen       INTEGER,                      -- receive time of the latest call, ms
  ended      INTEGER,                      -- explicit end, ms
  pid        INTEGER,                      -- a hint from the log
  prompt     INTEGER NOT NULL DEFAULT 0,   -- input tokens of the latest call
  rev        INTEGER NOT NULL DEFAULT 0,   -- commit in which it last changed
  calls INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0,
  unpriced INTEGER NOT NULL DEFAULT 0, cost INTEGER NOT NULL DEFAULT 0,
  reported INTEGER NOT NULL DEFAULT 0, reported_calls INTEGER NOT NULL DEFAULT 0,
  input INTEGER NOT NULL DEFAULT 0, cache_read INTEGER NOT NULL DEFAULT 0,
  cache_write INTEGER NOT NULL DEFAULT 0, cache_write_1h INTEGER NOT NULL DEFAULT 0,
  output INTEGER NOT NULL DEFAULT 0, reasoning INTEGER NOT NULL DEFAULT 0,
  UNIQUE (source, session, agent)
);
CREATE INDEX sessions_root ON sessions (root);
CREATE INDEX sessions_rev ON sessions (rev);
CREATE INDEX sessions_last ON sessions (last);
CREATE INDEX sessions_name ON sessions (session);

-- Rates as resolved, so that a later start needs no price data for known models.
CREATE TABLE cards (
  id    INTEGER PRIMARY KEY,
  label TEXT NOT NULL,        -- where the rates come from
  rates TEXT NOT NULL,        -- JSON of model.Rates
  UNIQUE (label, rates)
);

-- One file (or database) that is followed; committed together with the rows read from it.
CREATE TABLE places (
  id      INTEGER PRIMARY KEY,
  source  TEXT NOT NULL,
  path    BLOB NOT NULL,
  state   TEXT NOT NULL,      -- JSON of tail's Place: identity, offset
  memo    TEXT NOT NULL,      -- JSON of the source's memo
  started INTEGER,            -- first time in the file: the earliest file owns a copied call
  born    INTEGER NOT NULL,   -- mtime at first sight, ms
  read_at INTEGER NOT NULL,   -- receive time of the last read
  calls   INTEGER NOT NULL DEFAULT 0,
  bad     INTEGER NOT NULL DEFAULT 0,
  UNIQUE (source, path)
);

CREATE TABLE bad_records (
  place  INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (place, offset)
) WITHOUT ROWID;

CREATE TABLE calls (
  id        INTEGER PRIMARY KEY,  -- order of arrival
  key       BLOB    NOT NULL,
  session   INTEGER NOT NULL,
  context   INTEGER NOT NULL,
  feature   INTEGER NOT NULL,     -- resolved
  model     INTEGER NOT NULL,
  provider  INTEGER NOT NULL,
  variant   INTEGER NOT NULL,     -- name "tier|speed|geo"
  at        INTEGER NOT NULL,
  seen      INTEGER NOT NULL,
  input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
  cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
  searches  INTEGER NOT NULL,
  cost      INTEGER,              -- what counts
  computed  INTEGER,
  reported  INTEGER,
  card      INTEGER,
  place     INTEGER,              -- NULL: came over a socket
  offset    INTEGER NOT NULL,
  request   INTEGER,              -- 8-byte hash of the provider's request id
  flags     INTEGER NOT NULL,     -- 1 error, 2 placeholder, 4 estimated, 8 yields
  attempt   INTEGER NOT NULL
);
CREATE UNIQUE INDEX calls_key ON calls (key);
CREATE INDEX calls_session ON calls (session, at);
CREATE INDEX calls_side ON calls (substr(key, 1, 8)) WHERE flags & 8;

CREATE TABLE tools (
  call   INTEGER NOT NULL,
  nth    INTEGER NOT NULL,
  name   INTEGER NOT NULL,
  key    TEXT NOT NULL,
  result TEXT,
  error  INTEGER,
  PRIMARY KEY (call, nth)
) WITHOUT ROWID;

-- Roll-up for the live screen and curves.
CREATE TABLE minutes (
  minute  INTEGER NOT NULL,       -- ms UTC / 60,000
  session INTEGER NOT NULL,
  cost INTEGER NOT NULL, calls INTEGER NOT NULL, unpriced INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  PRIMARY KEY (minute, session)
) WITHOUT ROWID;

-- Roll-up for reports. Quarter hours: every time zone's day begins on one.
CREATE TABLE spend (
  quarter INTEGER NOT NULL,       -- ms UTC / 900,000
  session INTEGER NOT NULL,
  context INTEGER NOT NULL,
  model   INTEGER NOT NULL,
  feature INTEGER NOT NULL,
  calls INTEGER NOT NULL, errors INTEGER NOT NULL,
  unpriced INTEGER NOT NULL, cost INTEGER NOT NULL,
  reported INTEGER NOT NULL, reported_calls INTEGER NOT NULL,
  input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
  cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
  PRIMARY KEY (quarter, session, context, model, feature)
) WITHOUT ROWID;

CREATE TABLE tasks (
  session   INTEGER NOT NULL,     -- the root session
  task      TEXT NOT NULL,
  status    TEXT NOT NULL,        -- started | completed | failed | aborted
  started   INTEGER,
  finished  INTEGER,
  context   INTEGER NOT NULL,
  feature   INTEGER NOT NULL,
  PRIMARY KEY (session, task)
) WITHOUT ROWID;
CREATE INDEX tasks_finished ON tasks (finished);
CREATE INDEX tasks_task ON tasks (task);

CREATE TABLE marks (
  session TEXT PRIMARY KEY,       -- "source/session"
  kind    TEXT NOT NULL,          -- watch | runaway | fine
  by      TEXT NOT NULL,
  at      INTEGER NOT NULL,
  note    TEXT NOT NULL
) WITHOUT ROWID;

-- Every control action, append-only.
CREATE TABLE deeds (
  id      INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  by      TEXT NOT NULL,
  deed    TEXT NOT NULL,
  session TEXT NOT NULL,
  detail  TEXT NOT NULL
);
