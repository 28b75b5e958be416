-- Kilo Code, the tables of OpenCode's version 1: the tables and columns that it is asked for.
CREATE TABLE project (id TEXT PRIMARY KEY, worktree TEXT NOT NULL);
CREATE TABLE session (id TEXT PRIMARY KEY, project_id TEXT NOT NULL, parent_id TEXT, directory TEXT NOT NULL,
  title TEXT, time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL);
CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, time_created INTEGER NOT NULL,
  time_updated INTEGER NOT NULL, data TEXT NOT NULL);
CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT NOT NULL, session_id TEXT NOT NULL,
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX part_message ON part (message_id);
INSERT INTO project VALUES ('p1', '/home/ana/shop');
INSERT INTO session VALUES ('ses_k', 'p1', NULL, '/home/ana/shop', 'Look around', 1795000000000, 1795000000000);
INSERT INTO message VALUES
  ('msg_k', 'ses_k', 1795000000000, 1795000000900, '{"role": "assistant", "parentID": "msg_ku", "modelID": "gpt-5.2", "providerID": "openai", "cost": 0.01, "tokens": {"input": 2000, "output": 100, "reasoning": 0, "cache": {"read": 1000, "write": 0}}, "time": {"created": 1795000000000, "completed": 1795000000900}, "finish": "stop"}');
