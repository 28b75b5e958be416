-- Pull requests that sessions named in their logs: each once a session, when it was named first. Texts
-- stand here themselves: there are few.
CREATE TABLE pull_links (
  session    INTEGER NOT NULL,    -- of `sessions`
  repository TEXT    NOT NULL,    -- "acme/shop"; '' is not told
  number     INTEGER NOT NULL,
  sign       TEXT    NOT NULL,    -- '#', of a merge request '!'
  at         INTEGER NOT NULL,    -- ms UTC
  branch     TEXT    NOT NULL,    -- where the session worked then
  cwd        TEXT    NOT NULL,
  project    TEXT    NOT NULL,
  url        TEXT    NOT NULL,    -- http or https; '' is none
  PRIMARY KEY (session, repository, number, sign)
) WITHOUT ROWID;

-- What git tells, read-only, of folders in which agents worked: `daemon/jobs/git_reading`. What has
-- been read stays when a branch, a worktree or a log of HEAD goes.
CREATE TABLE repositories (
  id      INTEGER PRIMARY KEY,
  folder  TEXT NOT NULL UNIQUE,   -- of git's own files, which all worktrees share
  name    TEXT NOT NULL,          -- as its remote is called: "acme/shop"; '' has none
  main    TEXT NOT NULL,          -- its default branch; '' is not known
  state   TEXT NOT NULL,          -- hash of where its refs stood
  read_at INTEGER NOT NULL,       -- ms UTC
  trouble TEXT NOT NULL           -- why it could not be read; '' it could
);
CREATE TABLE worktrees (
  folder     TEXT PRIMARY KEY,    -- in which agents worked
  repository INTEGER NOT NULL,    -- 0: it is in none
  top        TEXT NOT NULL,       -- of the worktree
  looked_at  INTEGER NOT NULL     -- ms UTC
) WITHOUT ROWID;
CREATE TABLE head_moves (
  repository INTEGER NOT NULL,
  top        TEXT    NOT NULL,
  nth        INTEGER NOT NULL,    -- in the order of the log
  at         INTEGER NOT NULL,    -- ms UTC
  kind       TEXT    NOT NULL,    -- commit | amend | checkout | rename | other
  branch     TEXT    NOT NULL,    -- after it; '' for none
  hash       TEXT    NOT NULL,    -- after it
  before     TEXT    NOT NULL,    -- the hash before it
  PRIMARY KEY (repository, top, nth)
) WITHOUT ROWID;
CREATE TABLE git_commits (
  repository INTEGER NOT NULL,
  hash       TEXT    NOT NULL,
  at         INTEGER NOT NULL,    -- committed, ms UTC
  made       INTEGER NOT NULL,    -- authored, ms UTC: the same after a rebase
  subject    TEXT    NOT NULL,    -- 16 hex digits of a hash of it: its text is not kept
  final      TEXT    NOT NULL,    -- the hash that it came to: rebased, squashed
  number     INTEGER NOT NULL,    -- of its pull request; 0 is not known
  sign       TEXT    NOT NULL,
  PRIMARY KEY (repository, hash)
) WITHOUT ROWID;
CREATE TABLE merged_pulls (
  repository INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  sign       TEXT    NOT NULL,
  at         INTEGER,             -- merged, ms UTC; NULL: a ref or the config knows it, no merge yet
  hash       TEXT    NOT NULL,    -- of the merge or the squash; '' without one
  branch     TEXT    NOT NULL,    -- its own, as far as that is known; '' is not
  PRIMARY KEY (repository, number, sign)
) WITHOUT ROWID;
