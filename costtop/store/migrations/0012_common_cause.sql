-- Sessions that have a cause in common are listed under one alert instead of told.
ALTER TABLE alerts ADD COLUMN under TEXT NOT NULL DEFAULT '';  -- ref of that alert
CREATE INDEX alerts_at ON alerts (at);
CREATE INDEX alerts_under ON alerts (under) WHERE under <> '';
