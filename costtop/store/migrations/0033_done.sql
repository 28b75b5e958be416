-- Completed tasks by quarter hour and feature: what reports of long spans ask of them, in a tenth of
-- their rows. It follows each row of `tasks`, whoever writes it; one that runs costs nothing here.
CREATE TABLE done (
  quarter INTEGER NOT NULL,       -- in which they were completed
  feature INTEGER NOT NULL,
  tasks INTEGER NOT NULL,
  told  INTEGER NOT NULL,         -- those that calls name
  cost  INTEGER NOT NULL,         -- what these cost
  PRIMARY KEY (quarter, feature)
) WITHOUT ROWID;

INSERT INTO done
  SELECT finished / 900000, feature, count(*), sum(calls > 0), sum(cost) FROM tasks
   WHERE status = 'completed' AND finished IS NOT NULL GROUP BY 1, 2;

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
