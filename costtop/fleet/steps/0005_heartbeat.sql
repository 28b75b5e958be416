-- A host's word that it lives, and what the fleet keeps in order on that occasion.

SET LOCAL ROLE costtop_owner;

-- `p_now` is the host's clock, `p_lag_ms` the age of the oldest row that it has not sent yet.
-- `p_anew` begins a new epoch: on each new connection, before its first batch. It waits for a batch
-- of an older connection that still runs, and such a connection writes nothing afterwards.
-- `window_ms`: how long to gather rows; `idle_ms`: when to come again; `strays`: rows outside of
-- partitions (more than none for long: an operator should look); `news`: see `costtop.news`.
CREATE FUNCTION costtop.heartbeat(p_version text, p_schema int, p_now bigint, p_lag_ms bigint,
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
  SELECT count(*) INTO active FROM hosts h WHERE h.seen > now_ms - 300000;
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

-- Takes a host into the fleet: `role` is whom it logs in as. Makes its team where it is new.
CREATE FUNCTION costtop.enrol(host text, of_team text, as_role name) RETURNS void
LANGUAGE plpgsql SET search_path = costtop, pg_temp AS $$
DECLARE number smallint;
BEGIN
  INSERT INTO teams (name) VALUES (of_team) ON CONFLICT DO NOTHING;
  SELECT id INTO number FROM teams WHERE name = of_team;
  INSERT INTO names (team, id, text) VALUES (number, 0, '') ON CONFLICT DO NOTHING;
  INSERT INTO hosts (team, name, role) VALUES (number, host, as_role);
END $$;

GRANT USAGE ON SCHEMA costtop TO costtop_host;
GRANT EXECUTE ON FUNCTION costtop.ingest, costtop.heartbeat TO costtop_host;
