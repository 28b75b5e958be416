-- Roll-ups for questions about long spans: whole local days instead of quarter hours, and what each
-- task cost. A store that has calls already fills them in short steps (`store.sums.building`).
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

-- The same of each task, over the sessions of its root.
ALTER TABLE tasks ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN fresh INTEGER NOT NULL DEFAULT 0;

-- The same context without its folder and task; NULL until a call of it was summed.
ALTER TABLE contexts ADD COLUMN whose INTEGER;

-- How far each is filled; what lies beyond is not in it yet.
CREATE TABLE rolled (
  what TEXT PRIMARY KEY,          -- days: quarter hours before `upto`; tasks: session rows up to it
  zone TEXT NOT NULL,
  upto INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO rolled
  SELECT what, zone, CASE WHEN EXISTS (SELECT 1 FROM calls) THEN 0 ELSE 1 << 60 END
    FROM (SELECT 'days' AS what, coalesce((SELECT value FROM meta WHERE key = 'timezone'), 'UTC')
                 AS zone UNION ALL SELECT 'tasks', '');
