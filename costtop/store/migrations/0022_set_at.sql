-- When `next_at` was set, ms: a time to come is only as far away as it was from that moment, also
-- where the clock is set back meanwhile.
ALTER TABLE outbox ADD COLUMN set_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoints ADD COLUMN set_at INTEGER NOT NULL DEFAULT 0;
