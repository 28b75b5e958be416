-- GitHub Copilot CLI's session store: the table and columns that it is asked for.
CREATE TABLE assistant_usage_events (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, model TEXT,
  input_tokens INTEGER, output_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER,
  reasoning_tokens INTEGER, created_at TEXT, total_nano_aiu INTEGER, request_multiplier REAL, initiator TEXT);
INSERT INTO assistant_usage_events VALUES
  (1, 'cop-1', 'gpt-5-mini', 12000, 345, 11000, 0, 128, '2026-11-20T10:00:00.000Z', 3236385000, 0.33, 'user'),
  (2, 'cop-1', 'claude-haiku-4.5', 900, 40, 0, 200, NULL, '2026-11-20T10:00:05.000Z', 1000, 0.33, 'agent'),
  (3, 'cop-1', 'gpt-5-mini', 10, 4, 11, 0, 0, '2026-11-20T10:00:09.000Z', 1000, 0.33, 'agent');
