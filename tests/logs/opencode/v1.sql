-- OpenCode, version 1: the tables and columns that it is asked for.
CREATE TABLE project (id TEXT PRIMARY KEY, worktree TEXT NOT NULL);
CREATE TABLE session (id TEXT PRIMARY KEY, project_id TEXT NOT NULL, parent_id TEXT, directory TEXT NOT NULL,
  title TEXT, time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL);
CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, time_created INTEGER NOT NULL,
  time_updated INTEGER NOT NULL, data TEXT NOT NULL);
CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT NOT NULL, session_id TEXT NOT NULL,
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX part_message ON part (message_id);
INSERT INTO project VALUES ('p1', '/home/ana/shop'), ('global', '/');
INSERT INTO session VALUES
  ('ses_root', 'p1', NULL, '/home/ana/shop', 'Add login', 1795000000000, 1795000060000),
  ('ses_child', 'p1', 'ses_root', '/home/ana/shop', 'explore', 1795000001000, 1795000050000),
  ('ses_loose', 'global', NULL, '/home/ana/notes', 'notes', 1795000002000, 1795000009000);
INSERT INTO message VALUES
  ('msg_u1', 'ses_root', 1795000000000, 1795000000100, '{"role": "user", "time": {"created": 1795000000000}, "summary": {"diffs": [{"file": "a.py", "before": "secret"}]}}'),
  ('msg_a1', 'ses_root', 1795000000500, 1795000001500, '{"role": "assistant", "parentID": "msg_u1", "modelID": "claude-sonnet-4-5", "providerID": "anthropic", "path": {"cwd": "/home/ana/shop/api", "root": "/home/ana/shop"}, "cost": 0.04641675, "tokens": {"input": 1, "output": 102, "reasoning": 0, "cache": {"read": 500, "write": 11969}}, "time": {"created": 1795000000500, "completed": 1795000001500}, "finish": "tool-calls"}'),
  ('msg_a2', 'ses_child', 1795000002000, 1795000003000, '{"role": "assistant", "parentID": "msg_u2", "modelID": "gpt-5.2-codex", "providerID": "openai", "cost": 0.0186375, "tokens": {"input": 10370, "output": 35, "reasoning": 20, "cache": {"read": 0, "write": 0}}, "time": {"created": 1795000002000, "completed": 1795000003000}, "finish": "stop"}'),
  ('msg_a3', 'ses_root', 1795000009000, 1795000009500, '{"role": "assistant", "parentID": "msg_u1", "modelID": "claude-sonnet-4-5", "providerID": "anthropic", "cost": 0, "tokens": {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}, "time": {"created": 1795000009000}, "error": {"name": "APIError", "data": {"message": "overloaded", "statusCode": 529, "isRetryable": true}}}'),
  ('msg_a4', 'ses_root', 1795000010000, 1795000012000, '{"role": "assistant", "parentID": "msg_u1", "modelID": "claude-sonnet-4-5", "providerID": "anthropic", "cost": 0, "tokens": {"input": 12, "output": 40, "reasoning": 0, "cache": {"read": 12469, "write": 300}}, "time": {"created": 1795000010000, "completed": 1795000012000}, "finish": "stop"}'),
  ('msg_a5', 'ses_root', 1795000020000, 1795000020100, '{"role": "assistant", "parentID": "msg_u3", "modelID": "claude-sonnet-4-5", "providerID": "anthropic", "cost": 0, "tokens": {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}, "time": {"created": 1795000020000}, "error": {"name": "MessageAbortedError"}}'),
  ('msg_a6', 'ses_root', 1795000030000, 1795000030100, '{"role": "assistant", "parentID": "msg_u4", "modelID": "claude-sonnet-4-5", "providerID": "anthropic", "cost": 0, "tokens": {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}, "time": {"created": 1795000030000}}'),
  ('msg_l1', 'ses_loose', 1795000002000, 1795000009000, '{"role": "assistant", "parentID": "msg_u9", "modelID": "qwen3-coder-30b", "providerID": "lmstudio", "cost": 0, "tokens": {"input": 800, "output": 90, "reasoning": 0, "cache": {"read": 0, "write": 0}}, "time": {"created": 1795000002000, "completed": 1795000009000}, "finish": "stop"}'),
  ('msg_x1', 'ses_loose', 1795000009100, 1795000009100, '{"role": "assistant", "modelID": "m", "providerID": "p", "tokens": {"input": -4, "output": 3}}'),
  ('msg_x2', 'ses_loose', 1795000009200, 1795000009200, '{"role":"assistant","tokens":');
INSERT INTO part VALUES
  ('prt_1', 'msg_a1', 'ses_root', 1795000000000, 1795000000000, '{"type": "tool", "tool": "bash", "callID": "c1", "state": {"status": "completed", "input": {"command": "npm test"}, "output": "1 failing", "metadata": {"exit": 1}}}'),
  ('prt_2', 'msg_a1', 'ses_root', 1795000000000, 1795000000000, '{"type": "tool", "tool": "read", "callID": "c2", "state": {"status": "running", "input": {"filePath": "a.py"}}}'),
  ('prt_3', 'msg_a1', 'ses_root', 1795000000000, 1795000000000, '{"type": "text", "text": "hello"}'),
  ('prt_4', 'msg_a1', 'ses_root', 1795000000000, 1795000000000, 'not json'),
  ('prt_5', 'msg_a4', 'ses_root', 1795000000000, 1795000000000, '{"type": "tool", "tool": "invalid", "callID": "c3", "state": {"status": "completed", "input": {"tool": "reed"}, "output": "no such tool"}}');
