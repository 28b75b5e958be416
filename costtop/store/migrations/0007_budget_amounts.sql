-- A changed amount of a budget opens a new set of tiers: the amount is part of what one alert is.
-- "budget|daily|2026-11-23|80" becomes "budget|daily|2026-11-23|20000000000|80", as choose.py writes
-- it; the ids that people type stay.
ALTER TABLE alerts ADD COLUMN amount INTEGER;  -- of the budget, nano-dollars
UPDATE alerts SET amount = json_extract(evidence, '$.amount') WHERE substr(rule, 1, 7) = 'budget_';
UPDATE alerts SET
  identity = subject || '|' || amount || substr(identity, length(subject) + 1),
  subject = subject || '|' || amount
  WHERE amount IS NOT NULL;
DROP INDEX alerts_tier;
CREATE UNIQUE INDEX alerts_tier ON alerts (budget, period, amount, tier)
  WHERE rule = 'budget_tier';
