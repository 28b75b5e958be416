-- Short ids of sessions that were forgotten, so that none is ever given to another: both as a hash.
CREATE TABLE retired_shorts (
  short BLOB PRIMARY KEY,
  who   BLOB NOT NULL    -- of "source/session"
) WITHOUT ROWID;
