-- Which commands have passed all the same while a session is held back: three commits a hold, no more.
CREATE TABLE spared (
  session TEXT    NOT NULL,  -- "source/session" of its root
  kind    TEXT    NOT NULL,  -- commit, stage (git add), look or summary
  since   INTEGER NOT NULL,  -- when that hold began, ms UTC
  times   INTEGER NOT NULL,
  PRIMARY KEY (session, kind)
) WITHOUT ROWID;
