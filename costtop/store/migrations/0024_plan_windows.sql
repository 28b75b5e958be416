-- How full the windows of plans are, as agents tell it: one row a change. `used` is in hundredths of
-- a per cent; `seen` is when the same was told last. All texts are names.
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
  seen   INTEGER NOT NULL,
  PRIMARY KEY (plan_limit, at)
) WITHOUT ROWID;
