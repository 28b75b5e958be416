-- What all migrations make; python -m tests.store.new_store writes it.
CREATE TABLE names (
  id   INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE contexts (
  id      INTEGER PRIMARY KEY,
  cwd     INTEGER NOT NULL,
  branch  INTEGER NOT NULL,
  project INTEGER NOT NULL,
  feature INTEGER NOT NULL,  -- the explicit tag; the resolved feature stands in calls and spend
  user    INTEGER NOT NULL,
  task    INTEGER NOT NULL,
  host    INTEGER NOT NULL,
  tags    INTEGER NOT NULL, whose INTEGER,
  UNIQUE (cwd, branch, project, feature, user, task, host, tags)
);
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
  output INTEGER NOT NULL DEFAULT 0, reasoning INTEGER NOT NULL DEFAULT 0, label INTEGER NOT NULL DEFAULT 0, short TEXT NOT NULL DEFAULT '', account INTEGER NOT NULL DEFAULT 0, owner INTEGER NOT NULL DEFAULT 0, user INTEGER NOT NULL DEFAULT 0, host INTEGER NOT NULL DEFAULT 0, premium INTEGER,
  UNIQUE (source, session, agent)
);
CREATE INDEX sessions_root ON sessions (root);
CREATE INDEX sessions_rev ON sessions (rev);
CREATE INDEX sessions_last ON sessions (last);
CREATE INDEX sessions_name ON sessions (session);
CREATE TABLE cards (
  id    INTEGER PRIMARY KEY,
  label TEXT NOT NULL,        -- where the rates come from
  rates TEXT NOT NULL,        -- JSON of model.Rates
  UNIQUE (label, rates)
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
, media TEXT);
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
CREATE TABLE minutes (
  minute  INTEGER NOT NULL,       -- ms UTC / 60,000
  session INTEGER NOT NULL,
  cost INTEGER NOT NULL, calls INTEGER NOT NULL, unpriced INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  PRIMARY KEY (minute, session)
) WITHOUT ROWID;
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
  feature   INTEGER NOT NULL, calls INTEGER NOT NULL DEFAULT 0, cost INTEGER NOT NULL DEFAULT 0, fresh INTEGER NOT NULL DEFAULT 0, said TEXT NOT NULL DEFAULT '',
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
CREATE TABLE deeds (
  id      INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  by      TEXT NOT NULL,
  deed    TEXT NOT NULL,
  session TEXT NOT NULL,
  detail  TEXT NOT NULL
);
CREATE TABLE alerts (
  id          INTEGER PRIMARY KEY,
  ref         TEXT    NOT NULL UNIQUE,   -- 12 hex digits: what people type
  identity    TEXT    NOT NULL UNIQUE,
  subject     TEXT    NOT NULL,
  rule        TEXT    NOT NULL,
  severity    TEXT    NOT NULL,
  session     TEXT    NOT NULL DEFAULT '',
  budget      TEXT    NOT NULL DEFAULT '',
  period      TEXT    NOT NULL DEFAULT '',
  tier        INTEGER,
  feature     TEXT    NOT NULL DEFAULT '',
  user        TEXT    NOT NULL DEFAULT '',
  at          INTEGER NOT NULL,          -- event time, ms
  raised      INTEGER NOT NULL,          -- receive time, ms
  turn        INTEGER,
  cost        INTEGER,
  excess      INTEGER,
  cost_now    INTEGER,
  cause       TEXT,
  title       TEXT    NOT NULL,
  why         TEXT    NOT NULL,
  evidence    TEXT    NOT NULL,          -- JSON object
  also        TEXT    NOT NULL DEFAULT '[]',  -- JSON: other rules that found the same
  late        INTEGER NOT NULL DEFAULT 0,
  state       TEXT    NOT NULL,          -- open | acknowledged | resolved | history
  reason      TEXT    NOT NULL,          -- of the latest decision but "already told"
  told        INTEGER,                   -- when it, or another in its place, last spoke, ms
  told_size   INTEGER NOT NULL DEFAULT 0,
  times       INTEGER NOT NULL DEFAULT 1,     -- findings that fell on it
  resolved_at INTEGER,
  acked_by    TEXT,
  acked_at    INTEGER
, amount INTEGER, incident TEXT NOT NULL DEFAULT '', pushed   INTEGER, tellings INTEGER NOT NULL DEFAULT 0, voiced   INTEGER NOT NULL DEFAULT 0, under TEXT NOT NULL DEFAULT '');
CREATE INDEX alerts_subject ON alerts (subject);
CREATE INDEX alerts_session ON alerts (session) WHERE session <> '';
CREATE INDEX alerts_state ON alerts (state, raised);
CREATE TABLE decisions (
  id     INTEGER PRIMARY KEY,
  alert  INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  reason TEXT    NOT NULL,
  spoke  INTEGER NOT NULL,
  cost   INTEGER
);
CREATE INDEX decisions_alert ON decisions (alert);
CREATE TABLE outbox (
  id       INTEGER PRIMARY KEY,
  token    TEXT    NOT NULL UNIQUE,      -- idempotency id, sent along
  label    TEXT    NOT NULL,             -- the endpoint, as the user named it
  kind     TEXT    NOT NULL,
  severity TEXT    NOT NULL,
  title    TEXT    NOT NULL,
  body     TEXT    NOT NULL,
  short    TEXT    NOT NULL,
  at       INTEGER NOT NULL,             -- when what it tells of became true, ms
  made     INTEGER NOT NULL,
  released INTEGER,                      -- when it was free to go; NULL while held
  state    TEXT    NOT NULL,   -- held | pending | sent | screen | digested | undelivered | broken | dropped
  hold     TEXT    NOT NULL DEFAULT '',
  next_at  INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  refusals INTEGER NOT NULL DEFAULT 0,   -- permanent errors in a row
  sent_at  INTEGER,
  error    TEXT    NOT NULL DEFAULT '',
  digest   INTEGER                       -- the outbox row that told it instead
, set_at INTEGER NOT NULL DEFAULT 0);
CREATE INDEX outbox_open ON outbox (label, next_at) WHERE state = 'pending';
CREATE INDEX outbox_held ON outbox (label, made) WHERE state = 'held';
CREATE INDEX outbox_recent ON outbox (label, released);
CREATE TABLE outbox_alerts (
  outbox INTEGER NOT NULL,
  alert  INTEGER NOT NULL,
  PRIMARY KEY (alert, outbox)
) WITHOUT ROWID;
CREATE INDEX outbox_alerts_outbox ON outbox_alerts (outbox);
CREATE TABLE endpoints (
  label    TEXT PRIMARY KEY,
  state    TEXT    NOT NULL,             -- ok | failing | broken
  failures INTEGER NOT NULL DEFAULT 0,   -- in a row
  since    INTEGER NOT NULL,             -- of this state, ms
  next_at  INTEGER NOT NULL DEFAULT 0,
  sent_at  INTEGER,                      -- latest success
  error    TEXT    NOT NULL DEFAULT ''
, set_at INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE silences (
  id      INTEGER PRIMARY KEY,
  by      TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  session TEXT    NOT NULL DEFAULT '',
  rule    TEXT    NOT NULL DEFAULT '',
  feature TEXT    NOT NULL DEFAULT '',
  budget  TEXT    NOT NULL DEFAULT '',
  until   INTEGER,
  grows   INTEGER,                       -- per cent over cost at which it speaks again
  cost    INTEGER,
  note    TEXT    NOT NULL DEFAULT '',
  ended   INTEGER,
  ended_by TEXT   NOT NULL DEFAULT ''
);
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
, escalate TEXT NOT NULL DEFAULT '', home TEXT NOT NULL DEFAULT '', excepted TEXT NOT NULL DEFAULT '');
CREATE TABLE breaker_deeds (
  breaker INTEGER NOT NULL,
  session TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  deed    TEXT    NOT NULL,               -- pause | kill
  outcome TEXT    NOT NULL,
  PRIMARY KEY (breaker, session, deed)
) WITHOUT ROWID;
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
CREATE TABLE denials (
  session TEXT PRIMARY KEY,
  at      INTEGER NOT NULL,
  times   INTEGER NOT NULL
, since INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
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
CREATE TABLE statuslines (
  session   TEXT PRIMARY KEY,             -- "source/session"
  at        INTEGER NOT NULL,
  cost      INTEGER,                      -- nano-dollars
  base INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
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
CREATE TABLE peers (
  id   INTEGER PRIMARY KEY,    -- order in which they finished
  root TEXT    NOT NULL UNIQUE,  -- "source/session"
  at   INTEGER NOT NULL,       -- when it finished, ms
  peer TEXT    NOT NULL        -- JSON of detect.peer.Peer
);
CREATE INDEX peers_at ON peers (at);
CREATE TABLE floors (
  quarter INTEGER NOT NULL,       -- as in spend
  session INTEGER NOT NULL,
  context INTEGER NOT NULL,
  model   INTEGER NOT NULL,
  feature INTEGER NOT NULL,
  reason  TEXT    NOT NULL,       -- model.FloorReason
  calls   INTEGER NOT NULL,
  cost    INTEGER NOT NULL,       -- what these calls count for all the same
  output  INTEGER NOT NULL,       -- output tokens that they tell of
  PRIMARY KEY (quarter, session, context, model, feature, reason)
) WITHOUT ROWID;
CREATE INDEX floors_session ON floors (session);
CREATE TABLE session_models (
  session INTEGER NOT NULL,
  model   INTEGER NOT NULL,
  calls   INTEGER NOT NULL,
  cost    INTEGER NOT NULL,
  tokens  INTEGER NOT NULL,       -- input and output
  PRIMARY KEY (session, model)
) WITHOUT ROWID;
CREATE UNIQUE INDEX alerts_tier ON alerts (budget, period, amount, tier)
  WHERE rule = 'budget_tier';
CREATE TABLE told_contexts (
  session INTEGER NOT NULL,
  context INTEGER NOT NULL,       -- without folder, branch and project
  first   INTEGER NOT NULL,       -- event times of the records that told it, ms
  last    INTEGER NOT NULL,
  PRIMARY KEY (session, context)
) WITHOUT ROWID;
CREATE TABLE own_contexts (
  call    INTEGER PRIMARY KEY,
  context INTEGER NOT NULL,
  feature INTEGER NOT NULL
);
CREATE UNIQUE INDEX sessions_short ON sessions (short) WHERE short <> '';
CREATE INDEX sessions_unnamed ON sessions (id) WHERE short = '' AND agent = '';
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
CREATE INDEX alerts_incident ON alerts (incident);
CREATE TABLE standings (
  session  TEXT PRIMARY KEY,   -- "source/session"
  standing TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX alerts_at ON alerts (at);
CREATE INDEX alerts_under ON alerts (under) WHERE under <> '';
CREATE TABLE confirmed (session TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE forgotten (
  who   BLOB    PRIMARY KEY,   -- hash of "source/session"; empty: every session
  until INTEGER NOT NULL,      -- what it did up to then, event time ms; what comes later counts
  at    INTEGER NOT NULL       -- when it was asked for
) WITHOUT ROWID;
CREATE TABLE forgotten_calls (key BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE gate_calls (
  source  TEXT    NOT NULL,
  session TEXT    NOT NULL,             -- "source/session" of its root
  at      INTEGER NOT NULL,             -- ms UTC
  pid     INTEGER NOT NULL DEFAULT 0,   -- of the agent; 0: not known
  PRIMARY KEY (source, session)
) WITHOUT ROWID;
CREATE TABLE old_keys (place INTEGER PRIMARY KEY);
CREATE TABLE retired_shorts (
  short BLOB PRIMARY KEY,
  who   BLOB NOT NULL    -- of "source/session"
) WITHOUT ROWID;
CREATE TABLE spared (
  session TEXT    NOT NULL,  -- "source/session" of its root
  kind    TEXT    NOT NULL,  -- commit, stage (git add), look or summary
  since   INTEGER NOT NULL,  -- when that hold began, ms UTC
  times   INTEGER NOT NULL,
  PRIMARY KEY (session, kind)
) WITHOUT ROWID;
CREATE TABLE titles (
  session INTEGER PRIMARY KEY,        -- of `sessions`
  title   TEXT NOT NULL,
  named   INTEGER NOT NULL DEFAULT 0  -- 1: by the user
);
CREATE TABLE memos (
  place INTEGER PRIMARY KEY,
  memo  TEXT NOT NULL           -- JSON of the source's memo; no row: it has nothing to remember
);
CREATE TABLE "places" (
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
CREATE INDEX breaker_deeds_at ON breaker_deeds (at);
CREATE INDEX alerts_raised ON alerts (raised);
CREATE INDEX alerts_budget ON alerts (budget, period);
CREATE TABLE days (
  quarter INTEGER NOT NULL,       -- with which the local day begins, in the zone of `rolled`
  session INTEGER NOT NULL,
  context INTEGER NOT NULL,       -- contexts.whose
  model   INTEGER NOT NULL,
  feature INTEGER NOT NULL,
  calls INTEGER NOT NULL, errors INTEGER NOT NULL,
  unpriced INTEGER NOT NULL, cost INTEGER NOT NULL,
  reported INTEGER NOT NULL, reported_calls INTEGER NOT NULL,
  input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
  cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
  PRIMARY KEY (quarter, session, context, model, feature)
) WITHOUT ROWID;
CREATE TABLE floor_days (
  quarter INTEGER NOT NULL,       -- these five as in days
  session INTEGER NOT NULL,
  context INTEGER NOT NULL,
  model   INTEGER NOT NULL,
  feature INTEGER NOT NULL,
  reason  TEXT    NOT NULL,
  calls   INTEGER NOT NULL,
  cost    INTEGER NOT NULL,
  output  INTEGER NOT NULL,
  PRIMARY KEY (quarter, session, context, model, feature, reason)
) WITHOUT ROWID;
CREATE TABLE task_sums (
  root    INTEGER NOT NULL,       -- of the session
  task    INTEGER NOT NULL,       -- the name that calls give it
  session INTEGER NOT NULL,       -- whose calls they are
  calls   INTEGER NOT NULL,
  cost    INTEGER NOT NULL,
  fresh   INTEGER NOT NULL,       -- tokens that were not read from a cache, and output
  PRIMARY KEY (root, task, session)
) WITHOUT ROWID;
CREATE INDEX task_sums_session ON task_sums (session);
CREATE TABLE rolled (
  what TEXT PRIMARY KEY,          -- days: quarter hours before `upto`; tasks: session rows up to it
  zone TEXT NOT NULL,
  upto INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE plan_limits (
  id      INTEGER PRIMARY KEY,
  source  INTEGER NOT NULL,
  home    INTEGER NOT NULL,       -- the agent's folder, which stands for the account
  plan    INTEGER NOT NULL,
  model   INTEGER NOT NULL,       -- what alone it holds for; 0: all of the plan
  minutes INTEGER NOT NULL,
  UNIQUE (source, home, plan, model, minutes)
);
CREATE TABLE plan_readings (
  plan_limit INTEGER NOT NULL,
  at     INTEGER NOT NULL,        -- ms UTC
  used   INTEGER NOT NULL,
  resets INTEGER,                 -- ms UTC, as told last
  seen   INTEGER NOT NULL, session INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (plan_limit, at)
) WITHOUT ROWID;
CREATE TABLE thinned (
  root INTEGER PRIMARY KEY,
  last INTEGER NOT NULL            -- their latest call or fact then, ms; one that goes on has details again
);
CREATE UNIQUE INDEX breakers_open ON breakers (budget, session, source, home) WHERE ended IS NULL;
CREATE TABLE pull_links (
  session    INTEGER NOT NULL,    -- of `sessions`
  repository TEXT    NOT NULL,    -- "acme/shop"; '' is not told
  number     INTEGER NOT NULL,
  sign       TEXT    NOT NULL,    -- '#', of a merge request '!'
  at         INTEGER NOT NULL,    -- ms UTC
  branch     TEXT    NOT NULL,    -- where the session worked then
  cwd        TEXT    NOT NULL,
  project    TEXT    NOT NULL,
  url        TEXT    NOT NULL,    -- http or https; '' is none
  PRIMARY KEY (session, repository, number, sign)
) WITHOUT ROWID;
CREATE TABLE repositories (
  id      INTEGER PRIMARY KEY,
  folder  TEXT NOT NULL UNIQUE,   -- of git's own files, which all worktrees share
  name    TEXT NOT NULL,          -- as its remote is called: "acme/shop"; '' has none
  main    TEXT NOT NULL,          -- its default branch; '' is not known
  state   TEXT NOT NULL,          -- hash of where its refs stood
  read_at INTEGER NOT NULL,       -- ms UTC
  trouble TEXT NOT NULL           -- why it could not be read; '' it could
);
CREATE TABLE worktrees (
  folder     TEXT PRIMARY KEY,    -- in which agents worked
  repository INTEGER NOT NULL,    -- 0: it is in none
  top        TEXT NOT NULL,       -- of the worktree
  looked_at  INTEGER NOT NULL     -- ms UTC
) WITHOUT ROWID;
CREATE TABLE head_moves (
  repository INTEGER NOT NULL,
  top        TEXT    NOT NULL,
  nth        INTEGER NOT NULL,    -- in the order of the log
  at         INTEGER NOT NULL,    -- ms UTC
  kind       TEXT    NOT NULL,    -- commit | amend | checkout | rename | other
  branch     TEXT    NOT NULL,    -- after it; '' for none
  hash       TEXT    NOT NULL,    -- after it
  before     TEXT    NOT NULL,    -- the hash before it
  PRIMARY KEY (repository, top, nth)
) WITHOUT ROWID;
CREATE TABLE git_commits (
  repository INTEGER NOT NULL,
  hash       TEXT    NOT NULL,
  at         INTEGER NOT NULL,    -- committed, ms UTC
  made       INTEGER NOT NULL,    -- authored, ms UTC: the same after a rebase
  subject    TEXT    NOT NULL,    -- 16 hex digits of a hash of it: its text is not kept
  final      TEXT    NOT NULL,    -- the hash that it came to: rebased, squashed
  number     INTEGER NOT NULL,    -- of its pull request; 0 is not known
  sign       TEXT    NOT NULL,
  PRIMARY KEY (repository, hash)
) WITHOUT ROWID;
CREATE TABLE merged_pulls (
  repository INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  sign       TEXT    NOT NULL,
  at         INTEGER,             -- merged, ms UTC; NULL: a ref or the config knows it, no merge yet
  hash       TEXT    NOT NULL,    -- of the merge or the squash; '' without one
  branch     TEXT    NOT NULL,    -- its own, as far as that is known; '' is not
  PRIMARY KEY (repository, number, sign)
) WITHOUT ROWID;
CREATE TABLE owners (
  id    INTEGER PRIMARY KEY,
  login TEXT    NOT NULL,         -- as found: login name and short host name
  site  TEXT    NOT NULL,
  given INTEGER NOT NULL,         -- bits: the config's [[source]] gives the user 1, the host 2
  user  INTEGER NOT NULL,         -- names, as they are shown
  host  INTEGER NOT NULL,
  UNIQUE (login, site, given)
);
CREATE TABLE lives (
  session INTEGER PRIMARY KEY,    -- the root's row
  rev     INTEGER NOT NULL,       -- the highest of its family when its calls were read
  began   INTEGER,                -- event time of its first and latest call, ms
  last    INTEGER,
  first   INTEGER,                -- row of the first call
  life    BLOB                    -- deflated JSON; NULL while it is being worked out
);
CREATE INDEX lives_last ON lives (last) WHERE life IS NOT NULL;
CREATE TABLE done (
  quarter INTEGER NOT NULL,       -- in which they were completed
  feature INTEGER NOT NULL,
  tasks INTEGER NOT NULL,
  told  INTEGER NOT NULL,         -- those that calls name
  cost  INTEGER NOT NULL,         -- what these cost
  PRIMARY KEY (quarter, feature)
) WITHOUT ROWID;
CREATE TRIGGER done_more AFTER INSERT ON tasks
WHEN NEW.status = 'completed' AND NEW.finished IS NOT NULL
BEGIN
  INSERT INTO done VALUES (NEW.finished / 900000, NEW.feature, 1, NEW.calls > 0, NEW.cost)
    ON CONFLICT DO UPDATE SET tasks = tasks + 1, told = told + excluded.told,
      cost = cost + excluded.cost;
END;
CREATE TRIGGER done_less AFTER DELETE ON tasks
WHEN OLD.status = 'completed' AND OLD.finished IS NOT NULL
BEGIN
  UPDATE done SET tasks = tasks - 1, told = told - (OLD.calls > 0), cost = cost - OLD.cost
   WHERE quarter = OLD.finished / 900000 AND feature = OLD.feature;
  DELETE FROM done
   WHERE quarter = OLD.finished / 900000 AND feature = OLD.feature AND tasks = 0;
END;
CREATE TRIGGER done_else AFTER UPDATE OF status, finished, feature, calls, cost ON tasks
WHEN (OLD.status = 'completed' AND OLD.finished IS NOT NULL)
  OR (NEW.status = 'completed' AND NEW.finished IS NOT NULL)
BEGIN
  INSERT INTO done SELECT NEW.finished / 900000, NEW.feature, 1, NEW.calls > 0, NEW.cost
    WHERE NEW.status = 'completed' AND NEW.finished IS NOT NULL
    ON CONFLICT DO UPDATE SET tasks = tasks + 1, told = told + excluded.told,
      cost = cost + excluded.cost;
  UPDATE done SET tasks = tasks - 1, told = told - (OLD.calls > 0), cost = cost - OLD.cost
   WHERE OLD.status = 'completed'
     AND quarter = OLD.finished / 900000 AND feature = OLD.feature;
  DELETE FROM done
   WHERE quarter = OLD.finished / 900000 AND feature = OLD.feature AND tasks = 0;
END;
CREATE TABLE far_commands (
    id      TEXT    NOT NULL PRIMARY KEY,
    session TEXT    NOT NULL,
    verb    TEXT    NOT NULL,
    by      TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    pid     INTEGER NOT NULL DEFAULT 0,
    start   INTEGER NOT NULL DEFAULT 0,
    state   TEXT    NOT NULL,
    answer  TEXT    NOT NULL DEFAULT '',
    told    INTEGER
) WITHOUT ROWID;
CREATE INDEX far_commands_at ON far_commands (at);
CREATE INDEX far_commands_told ON far_commands (told);
CREATE TABLE outgoing (
  seq  INTEGER PRIMARY KEY,   -- rises; the last row stays, so that no number is given twice
  call INTEGER NOT NULL,      -- row of a call that is new or has changed; 0: none
  key  BLOB                   -- or the key of one that is gone, as `calls` holds keys
  -- Where sums are shipped: `call` is -1 - quarter of an hour, `key` JSON of a session that is gone
);
CREATE TABLE outgoing_aside (
  call INTEGER PRIMARY KEY,
  at   INTEGER NOT NULL       -- ms UTC
);
CREATE INDEX calls_begins ON calls (substr(key, 1, 4));
CREATE TABLE shipping (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  how     TEXT    NOT NULL,   -- what leaves and how, as a hash; '' while no fleet is joined
  sums    INTEGER NOT NULL,   -- 1: sums are shipped, no calls
  turn    INTEGER NOT NULL,   -- how often all of it had to go again
  acked   INTEGER NOT NULL,   -- `seq` up to which the server has everything
  history TEXT    NOT NULL,   -- JSON: where what was stored before goes on, newest day first; '': sent
  changed TEXT    NOT NULL    -- JSON: (rev, row) of the session that was told last
);
INSERT INTO "names" VALUES(0,'');
INSERT INTO "rolled" VALUES('days','UTC',1152921504606846976);
INSERT INTO "rolled" VALUES('tasks','',1152921504606846976);
PRAGMA user_version = 39;
