-- Sums instead of calls, from hosts that ship no more (`[fleet] detail`): what stands of a quarter
-- of an hour and of a session is said anew as a whole, so the last word holds and any word may come
-- twice. A host ships calls or sums, never both: its spend would stand twice.

SET LOCAL ROLE costtop_owner;

-- The host's lines of spend in these quarters become what is said; those not said become nothing.
CREATE FUNCTION costtop.set_spend(of costtop.hosts, quarters int[], said costtop.spend[],
  now_rev bigint) RETURNS bigint LANGUAGE plpgsql SET search_path = costtop, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE changed bigint;
BEGIN
  INSERT INTO spend AS q
    SELECT l.* FROM (
      SELECT s.* FROM unnest(said) s
      UNION ALL
      SELECT o.team, o.quarter, o.host, o.usr, o.project, o.model, o.feature, now_rev,
          0, 0, 0, 0, 0, 0, 0, 0, 0
        FROM unnest(quarters) w CROSS JOIN LATERAL (
          SELECT * FROM spend o WHERE o.team = of.team AND o.quarter = w AND o.host = of.id
            AND o.calls > 0 OFFSET 0) o
        WHERE NOT EXISTS (SELECT FROM unnest(said) s WHERE (s.quarter, s.usr, s.project, s.model,
          s.feature) = (o.quarter, o.usr, o.project, o.model, o.feature))) l
    ORDER BY l.quarter, l.usr, l.project, l.model, l.feature
    ON CONFLICT (team, quarter, host, usr, project, model, feature) DO UPDATE SET rev = now_rev,
      calls = excluded.calls, errors = excluded.errors, unpriced = excluded.unpriced,
      short = excluded.short, cost = excluded.cost, input = excluded.input,
      cache_read = excluded.cache_read, cache_write = excluded.cache_write,
      output = excluded.output
    WHERE (q.calls, q.errors, q.unpriced, q.short, q.cost, q.input, q.cache_read, q.cache_write,
        q.output) IS DISTINCT FROM (excluded.calls, excluded.errors, excluded.unpriced,
        excluded.short, excluded.cost, excluded.input, excluded.cache_read, excluded.cache_write,
        excluded.output);
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END $$;

-- The same of the minutes of these quarters, as far as minutes are kept.
CREATE FUNCTION costtop.set_minutes(of costtop.hosts, quarters int[], said costtop.minutes[],
  now_rev bigint, kept int) RETURNS void LANGUAGE plpgsql SET search_path = costtop, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
  INSERT INTO minutes AS q
    SELECT l.* FROM (
      SELECT s.* FROM unnest(said) s WHERE s.minute >= kept
      UNION ALL
      SELECT o.team, o.minute, o.session, 0, 0, now_rev, 0, 0
        FROM unnest(quarters) w CROSS JOIN LATERAL (
          SELECT * FROM minutes o WHERE o.team = of.team AND o.minute >= greatest(w * 15, kept)
            AND o.minute < w * 15 + 15 AND o.calls > 0 OFFSET 0) o
        CROSS JOIN LATERAL (SELECT FROM sessions s WHERE s.team = of.team AND s.id = o.session
          AND s.host = of.id OFFSET 0) its
        WHERE NOT EXISTS (SELECT FROM unnest(said) s
          WHERE (s.minute, s.session) = (o.minute, o.session))) l
    ORDER BY l.minute, l.session
    ON CONFLICT (team, minute, session) DO UPDATE SET rev = now_rev, cost = excluded.cost,
      tokens = excluded.tokens, calls = excluded.calls, unpriced = excluded.unpriced
    WHERE (q.cost, q.tokens, q.calls, q.unpriced) IS DISTINCT FROM
      (excluded.cost, excluded.tokens, excluded.calls, excluded.unpriced);
END $$;

-- Sessions become what is said of them, words and sums.
CREATE FUNCTION costtop.set_sessions(of costtop.hosts, said costtop.sessions[], now_rev bigint)
RETURNS void LANGUAGE plpgsql SET search_path = costtop, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
  PERFORM FROM (SELECT s.id FROM unnest(said) s ORDER BY s.id) sorted CROSS JOIN LATERAL
    (SELECT FROM sessions q WHERE q.team = of.team AND q.id = sorted.id FOR NO KEY UPDATE) locked;
  UPDATE sessions q SET rev = now_rev, root = s.root, usr = s.usr, project = s.project,
      feature = s.feature, model = s.model, started = s.started, last = s.last, ended = s.ended,
      calls = s.calls, errors = s.errors, unpriced = s.unpriced, short = s.short, cost = s.cost,
      input = s.input, cache_read = s.cache_read, cache_write = s.cache_write, output = s.output
    FROM (SELECT s.*, f.place FROM unnest(said) s CROSS JOIN LATERAL (
            SELECT q.ctid AS place FROM sessions q WHERE q.team = of.team AND q.id = s.id
              OFFSET 0) f OFFSET 0) s
    WHERE q.ctid = s.place AND (q.root, q.usr, q.project, q.feature, q.model, q.started, q.last,
        q.ended, q.calls, q.errors, q.unpriced, q.short, q.cost, q.input, q.cache_read,
        q.cache_write, q.output) IS DISTINCT FROM (s.root, s.usr, s.project, s.feature, s.model,
        s.started, s.last, s.ended, s.calls, s.errors, s.unpriced, s.short, s.cost, s.input,
        s.cache_read, s.cache_write, s.output);
END $$;

-- What may not be, said before anything is written: more rows, or more money than so many calls
-- may cost, or less than nothing.
CREATE FUNCTION costtop.refuse_sums(said jsonb) RETURNS void LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
BEGIN
  IF jsonb_array_length(said -> 'sessions') > 2000 OR jsonb_array_length(said -> 'quarters') > 2000
     OR jsonb_array_length(said -> 'spend') > 20000
     OR jsonb_array_length(said -> 'minutes') > 20000 THEN
    RAISE 'more than 2,000 rows in a batch' USING ERRCODE = 'CT002';
  ELSIF EXISTS (
      SELECT FROM jsonb_array_elements((said -> 'spend') || (said -> 'sessions')) one
      CROSS JOIN jsonb_to_record(one) x(calls bigint, errors bigint, unpriced bigint, short bigint,
        cost bigint, input bigint, cache_read bigint, cache_write bigint, output bigint)
      WHERE least(calls, errors, unpriced, short, cost, input, cache_read, cache_write, output) < 0
        OR num_nulls(calls, errors, unpriced, short, cost, input, cache_read, cache_write,
          output) > 0
        OR cost > calls * 10000000000000.0 OR calls > 1000000000) THEN
    RAISE 'a sum that no calls come to' USING ERRCODE = 'CT002';
  END IF;
END $$;

-- A batch of sums of the host that is logged in: `said` has `texts`, each once, into which `source`,
-- `usr`, `project`, `feature`, `model` point from 1 on; `quarters` (ms UTC / 900,000) that are said
-- anew as a whole, with the lines of `spend` and the `minutes` in them; `sessions` with their sums,
-- to which `of` of a minute points from 0 on; `gone`, sessions of which nothing is left. Raises as
-- `ingest` does, and CT004 where the host has shipped something else.
CREATE FUNCTION costtop.ingest_sums(p_epoch bigint, p_upto bigint, p_detail text, said jsonb,
  OUT acked bigint, OUT window_ms int, OUT schema int, OUT added int, OUT changed int,
  OUT removed int, OUT news jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp SET jit = off AS $$
DECLARE
  of hosts; facts meta; names_of int[]; told sessions[]; ids bigint[]; quarters int[];
  now_rev bigint := pg_current_xact_id()::text::bigint;
  now_ms bigint := extract(epoch FROM clock_timestamp()) * 1000; latest bigint := now_ms + 600000;
BEGIN
  SELECT * INTO of FROM hosts h WHERE h.role = session_user FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE '% is no host of this fleet', session_user USING ERRCODE = '42501';
  ELSIF of.epoch IS DISTINCT FROM p_epoch THEN
    RAISE 'another connection of % writes now', of.name USING ERRCODE = 'CT001';
  ELSIF p_detail NOT IN ('sessions', 'spend') OR of.detail NOT IN ('', p_detail) THEN
    RAISE '% ships %: forget it before it ships sums of %', of.name, of.detail, p_detail
      USING ERRCODE = 'CT004';
  END IF;
  SELECT * INTO facts FROM meta;
  PERFORM refuse_sums(said);
  names_of := interned(of, ARRAY(SELECT jsonb_array_elements_text(said -> 'texts')));
  SELECT array_agg(ROW(of.team, NULL, of.id, names_of[s.source], names_of[s.usr],
      names_of[s.project], names_of[s.feature], names_of[s.model], earlier(s.started, latest),
      earlier(s.last, latest), earlier(s.ended, latest), 0, s.calls, s.errors, s.unpriced, s.short,
      s.cost, s.input, s.cache_read, s.cache_write, s.output, s.session, s.agent,
      s.root)::sessions ORDER BY nth)
    INTO told FROM jsonb_array_elements(said -> 'sessions') WITH ORDINALITY e(one, nth)
    CROSS JOIN jsonb_to_record(one) s(source int, usr int, project int, feature int, model int,
      started bigint, last bigint, ended bigint, calls bigint, errors bigint, unpriced bigint,
      short bigint, cost bigint, input bigint, cache_read bigint, cache_write bigint,
      output bigint, session text, agent text, root text);
  PERFORM refuse('{}', told, '{}', '{}', '{}');
  IF told IS NOT NULL THEN
    SELECT k.ids INTO ids FROM known_sessions(of, told) k;
  END IF;
  quarters := ARRAY(SELECT DISTINCT least(q::int, (latest / 900000)::int)
    FROM jsonb_array_elements_text(said -> 'quarters') q ORDER BY 1);
  PERFORM set_minutes(of, quarters, (
      SELECT array_agg(ROW(of.team, minute, session, cost, tokens, now_rev, calls,
          unpriced)::minutes)
      FROM (SELECT least(m.minute, (latest / 60000)::int) AS minute, ids[m.of + 1] AS session,
              sum(m.cost) AS cost, sum(m.tokens) AS tokens, sum(m.calls) AS calls,
              sum(m.unpriced) AS unpriced
            FROM jsonb_to_recordset(said -> 'minutes') m(minute int, "of" int, cost bigint,
              tokens bigint, calls int, unpriced int) GROUP BY 1, 2) m),
    now_rev, facts.minutes_from);
  changed := set_spend(of, quarters, (
      SELECT array_agg(ROW(of.team, quarter, of.id, usr, project, model, feature, now_rev, calls,
          errors, unpriced, short, cost, input, cache_read, cache_write, output)::spend)
      FROM (SELECT least(s.quarter, (latest / 900000)::int) AS quarter, names_of[s.usr] AS usr,
              names_of[s.project] AS project, names_of[s.model] AS model,
              names_of[s.feature] AS feature, sum(s.calls) AS calls, sum(s.errors) AS errors,
              sum(s.unpriced) AS unpriced, sum(s.short) AS short, sum(s.cost) AS cost,
              sum(s.input) AS input, sum(s.cache_read) AS cache_read,
              sum(s.cache_write) AS cache_write, sum(s.output) AS output
            FROM jsonb_to_recordset(said -> 'spend') s(quarter int, usr int, project int, model int,
              feature int, calls bigint, errors bigint, unpriced bigint, short bigint, cost bigint,
              input bigint, cache_read bigint, cache_write bigint, output bigint)
            GROUP BY 1, 2, 3, 4, 5) s), now_rev);
  PERFORM set_sessions(of, (SELECT array_agg(ROW(t.team, i.id, t.host, t.source, t.usr, t.project,
      t.feature, t.model, t.started, t.last, t.ended, 0, t.calls, t.errors, t.unpriced, t.short,
      t.cost, t.input, t.cache_read, t.cache_write, t.output, t.session, t.agent,
      t.root)::sessions)
    FROM unnest(told) WITH ORDINALITY t(team, id, host, source, usr, project, feature, model,
      started, last, ended, rev, calls, errors, unpriced, short, cost, input, cache_read,
      cache_write, output, session, agent, root, nth)
    JOIN unnest(ids) WITH ORDINALITY i(id, nth) USING (nth)), now_rev);
  UPDATE sessions q SET rev = now_rev, calls = 0, errors = 0, unpriced = 0, short = 0, cost = 0,
      input = 0, cache_read = 0, cache_write = 0, output = 0
    FROM jsonb_to_recordset(said -> 'gone') g(source int, session text, agent text)
    WHERE q.team = of.team AND q.host = of.id AND q.source = names_of[g.source]
      AND q.session = g.session AND q.agent = g.agent AND q.calls > 0;
  GET DIAGNOSTICS removed = ROW_COUNT;
  added := coalesce(cardinality(told), 0);
  UPDATE hosts h SET acked = greatest(h.acked, p_upto), seen = now_ms, detail = p_detail
    WHERE h.team = of.team AND h.id = of.id RETURNING h.acked, h.window_ms INTO acked, window_ms;
  schema := facts.version;
  news := news(of);
END $$;

GRANT EXECUTE ON FUNCTION costtop.ingest_sums TO costtop_host;
