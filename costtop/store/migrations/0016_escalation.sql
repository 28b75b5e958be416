-- What follows where a gate or a stop does not hold: '' is nothing, else pause, or pause and kill.
ALTER TABLE breakers ADD COLUMN escalate TEXT NOT NULL DEFAULT '';
-- When the denials that are counted began, ms UTC.
ALTER TABLE denials ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
