-- Whose logs are: what was found, and what `[identity]` makes of it. A call that says no user or
-- host itself has those of its session; what it says stands in its context, as before.
CREATE TABLE owners (
  id    INTEGER PRIMARY KEY,
  login TEXT    NOT NULL,         -- as found: login name and short host name
  site  TEXT    NOT NULL,
  given INTEGER NOT NULL,         -- bits: the config's [[source]] gives the user 1, the host 2
  user  INTEGER NOT NULL,         -- names, as they are shown
  host  INTEGER NOT NULL,
  UNIQUE (login, site, given)
);

ALTER TABLE sessions ADD COLUMN owner INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN user INTEGER NOT NULL DEFAULT 0;   -- its owner's, as in owners
ALTER TABLE sessions ADD COLUMN host INTEGER NOT NULL DEFAULT 0;
