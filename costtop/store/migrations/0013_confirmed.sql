-- Sessions ("source/session") that a hook told of over the socket: what only the wire tells of such
-- a one, which has no log, is believed. Everything else that is only heard pauses and kills nothing.
CREATE TABLE confirmed (session TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
