-- Large fleets: heartbeats that do not count everybody.

SET LOCAL ROLE costtop_owner;

ALTER TABLE costtop.meta
  ADD active    int    NOT NULL DEFAULT 0,    -- hosts of which something was heard lately
  ADD active_at bigint NOT NULL DEFAULT 0;    -- when they were counted, where they are many

-- Hosts of which something was heard within five minutes. Above a thousand they are counted anew
-- only after a tenth of as many ms: else a hundred thousand would spend their heartbeats counting.
CREATE FUNCTION costtop.active_hosts(now_ms bigint) RETURNS int LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
DECLARE known meta; found int;
BEGIN
  SELECT * INTO known FROM meta;
  IF known.active > 1000 AND now_ms - known.active_at BETWEEN 0 AND known.active / 10 THEN
    RETURN known.active;
  END IF;
  SELECT count(*) INTO found FROM hosts h WHERE h.seen > now_ms - 300000;
  IF greatest(found, known.active) > 1000
     AND pg_try_advisory_xact_lock(hashtext('costtop active')) THEN
    UPDATE meta SET active = found, active_at = now_ms;
  END IF;
  RETURN found;
END $$;

CREATE OR REPLACE FUNCTION costtop.heartbeat(p_version text, p_schema int, p_now bigint, p_lag_ms bigint,
  p_anew boolean, OUT host text, OUT team text, OUT epoch bigint, OUT acked bigint,
  OUT window_ms int, OUT idle_ms int, OUT schema int, OUT skew_ms bigint, OUT strays bigint,
  OUT partitions int, OUT news jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp AS $$
#variable_conflict use_column
DECLARE
  of hosts; active int; longest int; now_ms bigint := extract(epoch FROM clock_timestamp()) * 1000;
BEGIN
  IF NOT EXISTS (SELECT FROM hosts h WHERE h.role = session_user) THEN
    RAISE '% is no host of this fleet', session_user USING ERRCODE = '42501';
  ELSIF length(p_version) > 200 THEN
    RAISE 'a version of more than 200 characters' USING ERRCODE = 'CT002';
  END IF;
  partitions := make_ahead();
  IF partitions = 0 THEN
    PERFORM drop_old_minutes();
  END IF;
  strays := strays();
  active := active_hosts(now_ms);
  longest := CASE WHEN active <= 50 THEN 250 WHEN active <= 500 THEN 1000 ELSE active * 2 END;
  UPDATE hosts h SET version = p_version, schema = p_schema, skew_ms = p_now - now_ms,
      lag_ms = p_lag_ms, seen = now_ms, window_ms = longest, epoch = h.epoch + p_anew::int,
      idle_ms = CASE WHEN active > 2000 THEN 60000 ELSE 15000 END
    WHERE h.role = session_user RETURNING * INTO of;
  SELECT t.name, m.version INTO team, schema FROM teams t, meta m WHERE t.id = of.team;
  host := of.name; epoch := of.epoch; acked := of.acked; window_ms := longest;
  skew_ms := of.skew_ms; idle_ms := of.idle_ms;
  news := news(of);
END $$;
