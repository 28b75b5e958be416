-- What people read and type of a session; `short_ids.fill` gives it to those that are stored.
ALTER TABLE sessions ADD COLUMN short TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX sessions_short ON sessions (short) WHERE short <> '';
CREATE INDEX sessions_unnamed ON sessions (id) WHERE short = '' AND agent = '';
