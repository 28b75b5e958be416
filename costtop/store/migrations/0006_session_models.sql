-- What each model cost in a session, so that a list need not add up its calls to name the dearest.
CREATE TABLE session_models (
  session INTEGER NOT NULL,
  model   INTEGER NOT NULL,
  calls   INTEGER NOT NULL,
  cost    INTEGER NOT NULL,
  tokens  INTEGER NOT NULL,       -- input and output
  PRIMARY KEY (session, model)
) WITHOUT ROWID;

INSERT INTO session_models
  SELECT session, model, sum(calls), sum(cost), sum(input + output) FROM spend GROUP BY 1, 2;
