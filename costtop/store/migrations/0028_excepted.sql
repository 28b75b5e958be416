-- Which account a breaker holds (the folder of its agent; '' is every one), and whom it excepts: a line
-- for each glob, field=glob, all of which must match. One budget may watch windows of several plans.
ALTER TABLE breakers ADD COLUMN home TEXT NOT NULL DEFAULT '';
ALTER TABLE breakers ADD COLUMN excepted TEXT NOT NULL DEFAULT '';
DROP INDEX breakers_open;
CREATE UNIQUE INDEX breakers_open ON breakers (budget, session, source, home) WHERE ended IS NULL;
