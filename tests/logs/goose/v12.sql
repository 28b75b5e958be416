-- Goose before schema 15: no ledger, only the sums of a session.
CREATE TABLE sessions (id TEXT PRIMARY KEY, working_dir TEXT NOT NULL, created_at TIMESTAMP, updated_at TIMESTAMP,
  accumulated_total_tokens INTEGER, accumulated_input_tokens INTEGER, accumulated_output_tokens INTEGER);
INSERT INTO sessions VALUES
  ('20250801_1', '/home/ana/shop', '2025-08-01 09:00:00', '2025-08-01 09:10:00', 52000, 50000, 2000),
  ('20250801_2', '/home/ana/shop', '2025-08-01 10:00:00', '2025-08-01 10:00:00', NULL, NULL, NULL);
