-- The agents' own titles of sessions, where the user asked for them; empty otherwise.
CREATE TABLE titles (
  session INTEGER PRIMARY KEY,        -- of `sessions`
  title   TEXT NOT NULL,
  named   INTEGER NOT NULL DEFAULT 0  -- 1: by the user
);
