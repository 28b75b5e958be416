-- What the log says of a task whose `status` follows another definition of completed than "answered":
-- 'completed', where a commit or a merged pull request is asked for ('answered' until there is one).
ALTER TABLE tasks ADD COLUMN said TEXT NOT NULL DEFAULT '';
