-- Goose, schema 15: the tables and columns that it is asked for.
CREATE TABLE sessions (id TEXT PRIMARY KEY, working_dir TEXT NOT NULL, created_at TIMESTAMP, updated_at TIMESTAMP,
  accumulated_total_tokens INTEGER, accumulated_input_tokens INTEGER, accumulated_output_tokens INTEGER,
  accumulated_cost REAL, provider_name TEXT, parent_session_id TEXT);
CREATE TABLE usage_ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, created_timestamp INTEGER NOT NULL,
  model TEXT, input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER, cache_read_tokens INTEGER,
  cache_write_tokens INTEGER, cost REAL, cost_source TEXT, is_compaction INTEGER DEFAULT 0);
INSERT INTO sessions VALUES
  ('20261120_1', '/home/ana/shop', '2026-11-20 09:00:00', '2026-11-20 09:10:00', 1440, 1300, 140, 0.012, 'anthropic', NULL),
  ('20261120_2', '/home/ana/shop', '2026-11-20 09:05:00', '2026-11-20 09:06:00', 220, 200, 20, NULL, 'openai', '20261120_1');
INSERT INTO usage_ledger VALUES
  (1, '20261120_1', 1795165210, 'claude-sonnet-4-6', 1000, 100, 1100, 800, 0, 0.009, 'estimated', 0),
  (2, '20261120_1', 1795165240, 'claude-sonnet-4-6', 300, 40, 340, 0, 0, 0.003, 'estimated', 1),
  (3, '20261120_2', 1795165510, 'gpt-5.2', 200, 20, 220, NULL, NULL, NULL, NULL, 0),
  (4, '20261120_2', 1795165520, 'gpt-5.2', -7, 20, 13, NULL, NULL, NULL, NULL, 0),
  (5, '20261120_1', 1795165530, 'claude-sonnet-4-6', 10, 5, 15, 900, 50, NULL, NULL, 0);
ALTER TABLE sessions ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN description TEXT NOT NULL DEFAULT '';
UPDATE sessions SET name = 'CLI Session', description = 'x' WHERE id = '20261120_1';
UPDATE sessions SET description = 'Build the importer' WHERE id = '20261120_2';
