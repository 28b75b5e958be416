-- Sessions whose details (tools, minutes) are no longer kept: `costtop compact`, `keep_details`.
CREATE TABLE thinned (
  root INTEGER PRIMARY KEY,
  last INTEGER NOT NULL            -- their latest call or fact then, ms; one that goes on has details again
);
