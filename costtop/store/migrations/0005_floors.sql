-- What a sum is short of, by reason: one row for each line of `spend` that a reason touches, so
-- that who has no such call pays nothing. `calls` may overlap between reasons.
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

INSERT INTO floors
  SELECT at / 900000, session, context, model, feature, 'unpriced', count(*), 0, sum(output)
    FROM calls WHERE cost IS NULL GROUP BY 1, 2, 3, 4, 5;
INSERT INTO floors
  SELECT at / 900000, session, context, model, feature, 'placeholder', count(*),
         coalesce(sum(cost), 0), sum(output)
    FROM calls WHERE flags & 2 AND (cost IS NULL OR cost = computed AND input + output > 0)
    GROUP BY 1, 2, 3, 4, 5;

-- Tokens of audio and images within input and output; JSON of model.Media, NULL for text alone.
ALTER TABLE calls ADD COLUMN media TEXT;

-- The name of the config's [[source]] entry that a session's log was found by.
ALTER TABLE sessions ADD COLUMN label INTEGER NOT NULL DEFAULT 0;
