-- Calls have other keys than in the first release: more of what is one call is known as one. Every
-- log is read again from its beginning; what a log held gives way as soon as it is read, and what
-- no log holds any more stays. Nothing of it is news, so nobody is alerted.
CREATE TABLE old_keys (place INTEGER PRIMARY KEY);
INSERT INTO old_keys SELECT id FROM places
  WHERE substr(path, 1, 1) = x'2f' AND id IN (SELECT place FROM calls);
DELETE FROM bad_records WHERE place IN (SELECT id FROM places WHERE state <> '');
UPDATE places SET state = '[0]', memo = '{}', calls = 0, bad = 0 WHERE substr(path, 1, 1) = x'2f' AND state <> '';
DELETE FROM meta WHERE key = 'watched' AND EXISTS (SELECT 1 FROM old_keys);
DELETE FROM peers WHERE EXISTS (SELECT 1 FROM old_keys);
INSERT OR REPLACE INTO meta (key, value)
  SELECT 'rebuilding', json_object('why', 'costtop was updated, and reads every log again',
    'at', CAST(strftime('%s', 'now') AS INTEGER) * 1000, 'backup', '', 'aside', '',
    'since', 1 << 60, 'calls', 0, 'cost', 0, 'spoilt', 0, 'by', 'update')
  WHERE EXISTS (SELECT 1 FROM old_keys);
