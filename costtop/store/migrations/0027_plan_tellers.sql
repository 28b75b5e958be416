-- Who told a reading last, so that `costtop forget` takes it too; and what was only ever written.
ALTER TABLE plan_readings ADD COLUMN session INTEGER NOT NULL DEFAULT 0;  -- name "source/session"
ALTER TABLE statuslines DROP COLUMN five_hour;
ALTER TABLE statuslines DROP COLUMN seven_day;
