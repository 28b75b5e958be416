-- Commands of a fleet's operators to this machine, each once: what it was begun on, and what became
-- of it. `told`: when the fleet's server had the answer.
CREATE TABLE far_commands (
    id      TEXT    NOT NULL PRIMARY KEY,
    session TEXT    NOT NULL,
    verb    TEXT    NOT NULL,
    by      TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    pid     INTEGER NOT NULL DEFAULT 0,
    start   INTEGER NOT NULL DEFAULT 0,
    state   TEXT    NOT NULL,
    answer  TEXT    NOT NULL DEFAULT '',
    told    INTEGER
) WITHOUT ROWID;
CREATE INDEX far_commands_at ON far_commands (at);
CREATE INDEX far_commands_told ON far_commands (told);
