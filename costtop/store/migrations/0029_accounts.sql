-- The home folder of its agent in which a session's log stands: a name, 0 where no plan asks for it.
ALTER TABLE sessions ADD COLUMN account INTEGER NOT NULL DEFAULT 0;
