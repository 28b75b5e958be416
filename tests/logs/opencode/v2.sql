-- OpenCode, version 2: the tables and columns that it is asked for.
CREATE TABLE session_v2 (id TEXT PRIMARY KEY, project_id TEXT, parent_id TEXT, fork_session_id TEXT, directory TEXT,
  model TEXT, cost REAL, time_created INTEGER, time_updated INTEGER, time_idle INTEGER, idle_outcome TEXT);
CREATE TABLE session_message (id TEXT PRIMARY KEY, session_id TEXT, type TEXT, data TEXT, seq INTEGER,
  time_created INTEGER, time_updated INTEGER);
INSERT INTO session_v2 VALUES
  ('ses_a', 'p1', NULL, NULL, '/home/ana/shop', 'claude-sonnet-4-5', 0.04, 1795000000000, 1795000005000, 1795000005000, 'completed'),
  ('ses_fork', 'p1', NULL, 'ses_a', '/home/ana/shop', 'claude-sonnet-4-5', 0.05, 1795000100000, 1795000105000, NULL, NULL);
INSERT INTO session_message VALUES
  ('m1', 'ses_a', 'user', '{"text": "fix it"}', 1, 1795000000000, 1795000000000),
  ('m2', 'ses_a', 'assistant', '{"model": {"id": "claude-sonnet-4-5", "providerID": "anthropic"}, "cost": 0.04641675, "tokens": {"input": 1, "output": 102, "reasoning": 0, "cache": {"read": 500, "write": 11969}}, "time": {"created": 1795000000700, "completed": 1795000001500}, "content": [{"type": "text", "text": "done"}]}', 2, 1795000000700, 1795000001500),
  ('m3', 'ses_a', 'idle', '{"outcome": "completed"}', 3, 1795000005000, 1795000005000),
  ('m4', 'ses_fork', 'user', '{"text": "fix it"}', 1, 1795000000000, 1795000000000),
  ('m5', 'ses_fork', 'assistant', '{"model": {"id": "claude-sonnet-4-5", "providerID": "anthropic"}, "cost": 0.04641675, "tokens": {"input": 1, "output": 102, "reasoning": 0, "cache": {"read": 500, "write": 11969}}, "time": {"created": 1795000000700, "completed": 1795000001500}}', 2, 1795000000700, 1795000001500),
  ('m6', 'ses_fork', 'user', '{"text": "more"}', 3, 1795000100500, 1795000100500),
  ('m7', 'ses_fork', 'assistant', '{"model": {"id": "claude-sonnet-4-5", "providerID": "anthropic"}, "cost": 0, "tokens": {"input": 5, "output": 20, "reasoning": 8, "cache": {"read": 12469, "write": 0}}, "time": {"created": 1795000101000, "completed": 1795000102000}}', 4, 1795000101000, 1795000102000),
  ('m8', 'ses_fork', 'synthetic', '{"text": "x"}', 5, 1795000102500, 1795000102500);
ALTER TABLE session_v2 ADD COLUMN title TEXT;
UPDATE session_v2 SET title = 'New session - 2026-11-20T10:00:00.000Z' WHERE id = 'ses_a';
UPDATE session_v2 SET title = 'Fork of the fix' WHERE id = 'ses_fork';
