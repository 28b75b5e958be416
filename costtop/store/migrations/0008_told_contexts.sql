-- What the wire told of whose a session is, and when: it fills what the log's calls leave empty.
-- Sessions told of over the wire alone have their own word in their calls.
CREATE TABLE told_contexts (
  session INTEGER NOT NULL,
  context INTEGER NOT NULL,       -- without folder, branch and project
  first   INTEGER NOT NULL,       -- event times of the records that told it, ms
  last    INTEGER NOT NULL,
  PRIMARY KEY (session, context)
) WITHOUT ROWID;

-- What a filled call had said itself.
CREATE TABLE own_contexts (
  call    INTEGER PRIMARY KEY,
  context INTEGER NOT NULL,
  feature INTEGER NOT NULL
);
