-- All alerts of one session are told as one incident; each rule and severity keeps a row of its own.
ALTER TABLE alerts ADD COLUMN incident TEXT NOT NULL DEFAULT '';  -- ref of its first alert
ALTER TABLE alerts ADD COLUMN pushed   INTEGER;                    -- when first in a message, ms
ALTER TABLE alerts ADD COLUMN tellings INTEGER NOT NULL DEFAULT 0; -- messages that told of it
ALTER TABLE alerts ADD COLUMN voiced   INTEGER NOT NULL DEFAULT 0; -- of these, its own
CREATE INDEX alerts_incident ON alerts (incident);

UPDATE alerts SET incident = ref WHERE session = '';
UPDATE alerts SET incident = (SELECT first.ref FROM alerts first
    WHERE first.subject = alerts.subject ORDER BY first.id LIMIT 1) WHERE session <> '';
UPDATE alerts SET
    pushed = (SELECT min(at) FROM decisions WHERE alert = alerts.id AND spoke),
    tellings = (SELECT count(*) FROM decisions WHERE alert = alerts.id AND spoke),
    voiced = (SELECT count(*) FROM decisions WHERE alert = alerts.id AND spoke)
  WHERE session = '' OR severity <> 'notice';
-- What doubles is a session's excess, no longer its cost.
UPDATE alerts SET identity = subject || '|' || rule || '|' || severity,
    told_size = ifnull(excess, told_size) WHERE session <> '';

-- Where a session that was flagged stands now, beside its peers: JSON of analysis.why.Standing.
CREATE TABLE standings (
  session  TEXT PRIMARY KEY,   -- "source/session"
  standing TEXT NOT NULL
) WITHOUT ROWID;
