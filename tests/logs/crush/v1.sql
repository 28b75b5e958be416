-- Crush's first schema: times in seconds, messages without a provider.
CREATE TABLE sessions (id TEXT PRIMARY KEY, parent_session_id TEXT, title TEXT NOT NULL, message_count INTEGER NOT NULL DEFAULT 0,
  prompt_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0, cost REAL NOT NULL DEFAULT 0.0,
  updated_at INTEGER NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE messages (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, role TEXT NOT NULL, parts BLOB NOT NULL default '[]',
  model TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, finished_at INTEGER);
INSERT INTO sessions VALUES
  ('0b1c2d3e-0000-4000-8000-000000000001', NULL, '-', 3, 41200, 350, 0.184312, 1795421400, 1795420800),
  ('toolu_01', '0b1c2d3e-0000-4000-8000-000000000001', '-', 2, 9000, 120, 0.031, 1795421100, 1795421000),
  ('0b1c2d3e-0000-4000-8000-000000000002', NULL, '-', 2, 5000, 90, 0, 1795424400, 1795424300),
  ('0b1c2d3e-0000-4000-8000-000000000003', NULL, '-', 0, 0, 0, 0, 1795424500, 1795424500);
INSERT INTO messages VALUES
  ('m1', '0b1c2d3e-0000-4000-8000-000000000001', 'user', '[]', NULL, 1795420801, 1795420801, NULL),
  ('m2', '0b1c2d3e-0000-4000-8000-000000000001', 'assistant', '[]', 'claude-sonnet-4', 1795420802, 1795420900, 1795420900),
  ('m3', '0b1c2d3e-0000-4000-8000-000000000001', 'assistant', '[]', 'claude-sonnet-4', 1795421200, 1795421400, 1795421400),
  ('m4', 'toolu_01', 'assistant', '[]', 'claude-sonnet-4', 1795421000, 1795421100, 1795421100),
  ('m5', '0b1c2d3e-0000-4000-8000-000000000002', 'assistant', '[]', 'qwen3-coder:30b', 1795424310, 1795424400, 1795424400);
