-- What was found, what was said of it, to whom, and who did not want to hear it.

-- One row for each thing that can be told: a tier of a budget's period, a level of a session.
-- turn, cost, excess and at are those of the moment it became true; cost_now follows it.
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
);
CREATE UNIQUE INDEX alerts_tier ON alerts (budget, period, tier) WHERE rule = 'budget_tier';
CREATE INDEX alerts_subject ON alerts (subject);
CREATE INDEX alerts_session ON alerts (session) WHERE session <> '';
CREATE INDEX alerts_state ON alerts (state, raised);

-- Every decision about an alert that changed something, append-only.
CREATE TABLE decisions (
  id     INTEGER PRIMARY KEY,
  alert  INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  reason TEXT    NOT NULL,
  spoke  INTEGER NOT NULL,
  cost   INTEGER
);
CREATE INDEX decisions_alert ON decisions (alert);

-- One row for each message and endpoint.
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
);
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
) WITHOUT ROWID;

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
