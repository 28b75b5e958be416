-- Zed's first table of threads; the JSON as it was before it was compressed.
CREATE TABLE threads (id TEXT PRIMARY KEY, summary TEXT NOT NULL, updated_at TEXT NOT NULL, data_type TEXT NOT NULL, data BLOB NOT NULL);
INSERT INTO threads VALUES
  ('3c4d5e6f-0000-4000-8000-000000000001', '-', '2026-11-22T10:00:00.123456789+00:00', 'json',
   '{"version":"0.2.0","summary":"-","updated_at":"2026-11-22T10:00:00.123456789Z","messages":[],"cumulative_token_usage":{"input_tokens":120,"output_tokens":900,"cache_creation_input_tokens":5000,"cache_read_input_tokens":40000},"request_token_usage":[{"input_tokens":60,"output_tokens":400,"cache_read_input_tokens":20000}],"model":{"provider":"zed.dev","model":"claude-sonnet-4-5"}}'),
  ('3c4d5e6f-0000-4000-8000-000000000002', '-', '2026-11-22T11:00:00+00:00', 'json',
   '{"version":"0.3.0","messages":[],"request_token_usage":{"u1":{"input_tokens":11,"output_tokens":200,"cache_read_input_tokens":9000},"u2":{"input_tokens":4,"output_tokens":50}},"cumulative_token_usage":{},"model":{"provider":"openai","model":"gpt-5"}}'),
  ('3c4d5e6f-0000-4000-8000-000000000003', '-', '2026-11-22T12:00:00+00:00', 'json', '{"messages":[],"request_token_usage":{},"model":null}'),
  ('3c4d5e6f-0000-4000-8000-000000000004', '-', 'no time', 'json', '{"cumulative_token_usage":{"input_tokens":-1}}');
