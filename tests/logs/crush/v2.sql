-- Crush since its messages name a provider.
CREATE TABLE sessions (id TEXT PRIMARY KEY, parent_session_id TEXT, title TEXT NOT NULL, message_count INTEGER NOT NULL DEFAULT 0,
  prompt_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0, cost REAL NOT NULL DEFAULT 0.0,
  updated_at INTEGER NOT NULL, created_at INTEGER NOT NULL, summary_message_id TEXT, todos TEXT);
CREATE TABLE messages (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, role TEXT NOT NULL, parts BLOB NOT NULL default '[]',
  model TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, finished_at INTEGER, provider TEXT,
  is_summary_message INTEGER DEFAULT 0 NOT NULL);
INSERT INTO sessions VALUES
  ('5e6f7a8b-0000-4000-8000-000000000001', NULL, '-', 3, 91200, 350, 1.25, 1795431000, 1795430000, NULL, '[]');
INSERT INTO messages VALUES
  ('n1', '5e6f7a8b-0000-4000-8000-000000000001', 'user', '[]', '', 1795430000, 1795430000, NULL, '', 0),
  ('n2', '5e6f7a8b-0000-4000-8000-000000000001', 'assistant', '[]', 'claude-haiku-4-5', 1795430010, 1795430020, 1795430020, 'anthropic', 0),
  ('n3', '5e6f7a8b-0000-4000-8000-000000000001', 'assistant', '[]', 'gpt-5', 1795430900, 1795431000, 1795431000, 'openai', 0);
