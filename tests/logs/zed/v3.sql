-- Zed since threads name their folders, their parent and when they began.
CREATE TABLE threads (id TEXT PRIMARY KEY, summary TEXT NOT NULL, updated_at TEXT NOT NULL, data_type TEXT NOT NULL, data BLOB NOT NULL,
  parent_id TEXT, folder_paths TEXT, folder_paths_order TEXT, created_at TEXT);
INSERT INTO threads VALUES
  ('7a8b9c0d-0000-4000-8000-000000000001', '-', '2026-11-23T09:30:00+00:00', 'json',
   '{"version":"0.3.0","title":"-","messages":[],"cumulative_token_usage":{"input_tokens":300,"output_tokens":2000,"cache_creation_input_tokens":8000,"cache_read_input_tokens":120000},"request_token_usage":{"u1":{"input_tokens":10,"output_tokens":700,"cache_read_input_tokens":60000}},"model":{"provider":"anthropic","model":"claude-opus-4-5"}}',
   NULL, '/home/ana/api' || char(10) || '/home/ana/shop', '0,1', '2026-11-23T09:00:00+00:00'),
  ('7a8b9c0d-0000-4000-8000-000000000002', '-', '2026-11-23T09:20:00+00:00', 'json',
   '{"version":"0.3.0","messages":[],"cumulative_token_usage":{"input_tokens":5000,"output_tokens":100},"model":{"provider":"anthropic","model":"claude-haiku-4-5"}}',
   '7a8b9c0d-0000-4000-8000-000000000001', '/home/ana/shop', '0', '2026-11-23T09:10:00+00:00');
