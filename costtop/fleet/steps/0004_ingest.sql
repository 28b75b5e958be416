-- One batch of one host, one transaction, any number of times: the second time changes nothing.
--
-- All lock in one order: names, then new keys, then known keys, then minutes, spend and
-- sessions, each sorted. Two hosts never wait for each other in a circle.
--
-- Plans are kept for as long as a connection lives, and the first are made when tables are empty
-- and partitions have no statistics: such a plan reads a whole table that it takes for empty. So
-- rows are looked up key by key, in a LATERAL that OFFSET 0 keeps as it is written, and changed by
-- the place (`ctid`) that was found.

SET LOCAL ROLE costtop_owner;

-- A time, but none in the future; NULL stays NULL.
CREATE FUNCTION costtop.earlier(at bigint, latest bigint) RETURNS bigint IMMUTABLE LANGUAGE sql
AS $$ SELECT CASE WHEN at > latest THEN latest ELSE at END $$;

-- The names' ids in the order of `texts`, NULL where one is new.
CREATE FUNCTION costtop.names_known(of smallint, texts text[]) RETURNS int[] LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
BEGIN  -- no SQL function: those are planned anew at each call
  RETURN (SELECT array_agg(n.id ORDER BY t.nth) FROM unnest(texts) WITH ORDINALITY t(text, nth)
    LEFT JOIN LATERAL (SELECT n.id FROM names n WHERE n.team = of AND n.text = t.text OFFSET 0) n
    ON true);
END $$;

-- The names' ids in the order of `texts`; new ones are written, up to 10,000 a host and day.
CREATE FUNCTION costtop.interned(h costtop.hosts, texts text[]) RETURNS int[] LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
DECLARE ids int[] := names_known(h.team, texts); fresh int;
BEGIN
  IF array_position(ids, NULL) IS NULL THEN
    RETURN ids;
  END IF;
  IF EXISTS (SELECT FROM unnest(texts) t WHERE t IS NULL OR length(t) > 200) THEN
    RAISE 'a name of more than 200 characters' USING ERRCODE = 'CT002';
  END IF;
  INSERT INTO names (team, text) SELECT DISTINCT h.team, t.text FROM unnest(texts, ids) t(text, id)
    WHERE t.id IS NULL ORDER BY t.text ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS fresh = ROW_COUNT;
  IF h.names_day = today() THEN
    fresh := fresh + h.names_new;
  END IF;
  IF fresh > 10000 THEN
    RAISE 'more than 10,000 new names of % on one day', h.name USING ERRCODE = 'CT003';
  END IF;
  UPDATE hosts SET names_day = today(), names_new = fresh WHERE team = h.team AND id = h.id;
  RETURN names_known(h.team, texts);
END $$;

-- The sessions' ids in the order given, new ones written; `told` are those of which something else
-- is said now than before, with their ids.
CREATE FUNCTION costtop.known_sessions(of costtop.hosts, said costtop.sessions[],
  OUT ids bigint[], OUT told costtop.sessions[]) LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
BEGIN
  FOR i IN 1..2 LOOP
    SELECT array_agg(q.id ORDER BY s.nth),
           array_agg(ROW(of.team, q.id, of.id, s.source, s.usr, s.project, s.feature, s.model,
             s.started, s.last, s.ended, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, s.session, s.agent,
             s.root)::sessions)
           FILTER (WHERE (q.usr, q.project, q.feature, q.model, q.started, q.last, q.ended, q.root)
             IS DISTINCT FROM
             (s.usr, s.project, s.feature, s.model, s.started, s.last, s.ended, s.root))
      INTO ids, told
      FROM unnest(said) WITH ORDINALITY s(team, id, host, source, usr, project, feature, model,
        started, last, ended, rev, calls, errors, unpriced, short, cost, input, cache_read,
        cache_write, output, session, agent, root, nth)
      LEFT JOIN LATERAL (
        SELECT * FROM sessions q WHERE q.team = of.team AND q.host = of.id AND q.source = s.source
          AND q.session = s.session AND q.agent = s.agent OFFSET 0) q ON true;
    EXIT WHEN array_position(ids, NULL) IS NULL;
    INSERT INTO sessions (team, host, source, session, agent, root)
      SELECT of.team, of.id, s.source, s.session, s.agent, s.root FROM unnest(said) s
      ORDER BY s.source, s.session, s.agent ON CONFLICT DO NOTHING;
  END LOOP;
END $$;

-- Rows of calls with these keys: day by day, so that one partition is looked at.
CREATE FUNCTION costtop.standing(of smallint, asked bytea[]) RETURNS costtop.calls[]
LANGUAGE plpgsql SET search_path = costtop, pg_temp AS $$
DECLARE found calls[] := '{}'; one record;
BEGIN
  FOR one IN SELECT k.day AS on_day, array_agg(k.key) AS keys FROM unnest(asked) a
             CROSS JOIN LATERAL (SELECT * FROM keys k WHERE k.team = of AND k.key = a OFFSET 0) k
             GROUP BY 1 LOOP
    found := found || (SELECT array_agg(f.it) FROM unnest(one.keys) a CROSS JOIN LATERAL (
      SELECT q AS it FROM calls q WHERE q.team = of AND q.day = one.on_day AND q.key = a
      OFFSET 0) f);
  END LOOP;
  RETURN found;
END $$;

-- Locks calls, in the order of their keys.
CREATE FUNCTION costtop.lock_calls(of smallint, asked bytea[]) RETURNS void LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
BEGIN
  PERFORM FROM (SELECT DISTINCT a FROM unnest(asked) a ORDER BY a) sorted
    CROSS JOIN LATERAL (SELECT FROM keys k WHERE k.team = of AND k.key = a FOR UPDATE) locked;
END $$;

-- Takes rows of calls out; `plus` are those that are about to come in their place.
CREATE FUNCTION costtop.take_out(of smallint, minus costtop.calls[], plus costtop.calls[])
RETURNS void LANGUAGE plpgsql SET search_path = costtop, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off AS $$
DECLARE one record; places tid[]; gone bytea[];
BEGIN
  FOR one IN SELECT m.day AS on_day, array_agg(m.key) AS keys FROM unnest(minus) m GROUP BY 1 LOOP
    places := ARRAY(SELECT f.place FROM unnest(one.keys) a CROSS JOIN LATERAL (
      SELECT q.ctid AS place FROM calls q
        WHERE q.team = of AND q.day = one.on_day AND q.key = a OFFSET 0) f);
    DELETE FROM calls q WHERE q.day = one.on_day AND q.ctid = ANY (places);  -- one partition
  END LOOP;
  gone := ARRAY(SELECT (unnest(minus)).key EXCEPT SELECT (unnest(plus)).key);
  DELETE FROM keys k WHERE k.ctid = ANY (ARRAY(
    SELECT f.place FROM unnest(gone) a CROSS JOIN LATERAL (
      SELECT k.ctid AS place FROM keys k WHERE k.team = of AND k.key = a OFFSET 0) f));
  UPDATE keys k SET day = f.day FROM (
      SELECT p.day, f.place FROM unnest(plus) p CROSS JOIN LATERAL (
        SELECT k.ctid AS place FROM keys k WHERE k.team = of AND k.key = p.key AND k.day <> p.day
        OFFSET 0) f OFFSET 0) f
    WHERE k.ctid = f.place;
END $$;

-- What stands and what this host says now, made one; only those that change. The owner's word on
-- session, time and whose it is; the larger sight's on tokens, model and cost, of equal ones the
-- owner's; and whoever told what stands may correct it. A time in the future (`latest`) is no word:
-- it would never rest.
CREATE FUNCTION costtop.joined(old costtop.calls[], said costtop.calls[], latest bigint)
RETURNS TABLE (was costtop.calls, becomes costtop.calls) LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT b.q, b.it FROM (
    SELECT q, ROW(
      CASE WHEN own.at THEN s.at ELSE q.at END,
      CASE WHEN own.call THEN s.session ELSE q.session END,
      CASE WHEN own.counts THEN s.cost ELSE q.cost END,
      CASE WHEN own.counts THEN s.computed ELSE q.computed END,
      CASE WHEN own.counts THEN s.reported ELSE q.reported END,
      CASE WHEN own.at THEN s.day ELSE q.day END,
      q.host,
      CASE WHEN own.counts THEN s.host ELSE q.teller END,
      CASE WHEN own.counts THEN s.model ELSE q.model END,
      CASE WHEN own.call THEN s.feature ELSE q.feature END,
      CASE WHEN own.call THEN s.project ELSE q.project END,
      CASE WHEN own.call THEN s.usr ELSE q.usr END,
      CASE WHEN own.counts THEN s.input ELSE q.input END,
      CASE WHEN own.counts THEN s.cache_read ELSE q.cache_read END,
      CASE WHEN own.counts THEN s.cache_write ELSE q.cache_write END,
      CASE WHEN own.counts THEN s.cache_write_1h ELSE q.cache_write_1h END,
      CASE WHEN own.counts THEN s.output ELSE q.output END,
      CASE WHEN own.counts THEN s.reasoning ELSE q.reasoning END,
      q.team,
      CASE WHEN own.counts THEN s.flags ELSE q.flags END,
      q.key)::calls AS it
    FROM unnest(old) q JOIN unnest(said) s ON s.key = q.key CROSS JOIN LATERAL (
      SELECT q.host = s.host AS call, q.host = s.host AND s.at < latest AS at,
        q.teller = s.host OR (s.output, s.input) > (q.output, q.input)
        OR q.host = s.host AND (s.output, s.input) = (q.output, q.input) AS counts) own) b
    WHERE b.it IS DISTINCT FROM b.q;
END $$;

-- Keeps the owner's own word on calls for as long as a larger sight of another host stands. `said`
-- is what the owner itself says now of calls where it does; `minus` and `plus` are as of `changed`.
CREATE FUNCTION costtop.keep_own_words(of costtop.hosts, said costtop.calls[],
  minus costtop.calls[], plus costtop.calls[]) RETURNS void LANGUAGE plpgsql
SET search_path = costtop, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off AS $$
DECLARE
  over bytea[] := ARRAY(SELECT p.key FROM unnest(plus) p WHERE p.teller <> p.host);
BEGIN
  DELETE FROM overtold o WHERE o.ctid = ANY (ARRAY(
    SELECT f.place FROM unnest(minus) m CROSS JOIN LATERAL (
      SELECT o.ctid AS place FROM overtold o WHERE o.team = of.team AND o.key = m.key OFFSET 0) f
    WHERE m.key <> ALL (over)));
  UPDATE overtold o SET cost = s.cost, computed = s.computed, reported = s.reported,
      model = s.model, input = s.input, cache_read = s.cache_read, cache_write = s.cache_write,
      cache_write_1h = s.cache_write_1h, output = s.output, reasoning = s.reasoning, flags = s.flags
    FROM (SELECT s.*, f.place FROM unnest(said) s CROSS JOIN LATERAL (
            SELECT o.ctid AS place FROM overtold o WHERE o.team = of.team AND o.key = s.key
              AND o.host = of.id OFFSET 0) f OFFSET 0) s
    WHERE o.ctid = s.place;
  INSERT INTO overtold (cost, computed, reported, host, model, input, cache_read, cache_write,
      cache_write_1h, output, reasoning, team, flags, key)
    SELECT m.cost, m.computed, m.reported, m.host, m.model, m.input, m.cache_read, m.cache_write,
      m.cache_write_1h, m.output, m.reasoning, m.team, m.flags, m.key
    FROM unnest(minus) m WHERE m.teller = m.host AND m.key = ANY (over);
END $$;

-- Takes known calls that change out of the table: `minus` as they stood, `plus` as they stand from
-- now on, still to be written. `gone` are keys that the host has no more.
CREATE FUNCTION costtop.changed(of costtop.hosts, said costtop.calls[], gone bytea[], latest bigint,
  OUT plus costtop.calls[], OUT minus costtop.calls[]) LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
DECLARE keys_of bytea[]; old calls[];
BEGIN
  -- Most of what is told again is known: it is compared before anything is locked. Who changes it
  -- meanwhile does so after this batch, as if it had come a moment later.
  SELECT array_agg((j.was).key) INTO keys_of FROM joined(
    standing(of.team, (SELECT array_agg(s.key) FROM unnest(said) s)), said, latest) j;
  keys_of := ARRAY(SELECT DISTINCT unnest(keys_of || gone || (
    SELECT array_agg(o.key) FROM unnest(said) s
    CROSS JOIN LATERAL (SELECT o.key FROM overtold o WHERE o.team = of.team AND o.key = s.key
      AND o.host = of.id OFFSET 0) o)));
  IF cardinality(keys_of) > 0 THEN
    PERFORM lock_calls(of.team, keys_of);
    old := standing(of.team, keys_of);
    SELECT array_agg(j.was), array_agg(j.becomes) INTO minus, plus FROM joined(old, said, latest) j;
    minus := minus || (SELECT array_agg(q) FROM unnest(old) q WHERE q.host = of.id
      AND q.key = ANY (gone) AND NOT EXISTS (SELECT FROM unnest(said) s WHERE s.key = q.key));
    PERFORM take_out(of.team, minus, plus);
    PERFORM keep_own_words(of, said, minus, plus);
  END IF;
END $$;

-- Adds sums to sessions, and says of those that have a `root` what their host said last.
CREATE FUNCTION costtop.add_up(of smallint, added costtop.sessions[], now_rev bigint) RETURNS void
LANGUAGE plpgsql SET search_path = costtop, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off AS $$
BEGIN
  PERFORM FROM (SELECT a.id FROM unnest(added) a ORDER BY a.id) sorted CROSS JOIN LATERAL
    (SELECT FROM sessions q WHERE q.team = of AND q.id = sorted.id FOR NO KEY UPDATE) locked;
  UPDATE sessions q SET rev = now_rev, root = coalesce(s.root, q.root),
    usr = coalesce(s.usr, q.usr), project = coalesce(s.project, q.project),
    feature = coalesce(s.feature, q.feature), model = coalesce(s.model, q.model),
    last = coalesce(s.last, q.last),
    started = CASE WHEN s.root IS NULL THEN q.started ELSE s.started END,
    ended = CASE WHEN s.root IS NULL THEN q.ended ELSE s.ended END,
    calls = q.calls + s.calls, errors = q.errors + s.errors, unpriced = q.unpriced + s.unpriced,
    short = q.short + s.short, cost = q.cost + s.cost, input = q.input + s.input,
    cache_read = q.cache_read + s.cache_read, cache_write = q.cache_write + s.cache_write,
    output = q.output + s.output
  FROM (SELECT s.*, f.place FROM unnest(added) s CROSS JOIN LATERAL (
          SELECT q.ctid AS place FROM sessions q WHERE q.team = of AND q.id = s.id OFFSET 0) f
        OFFSET 0) s
  WHERE q.ctid = s.place;
END $$;

-- Writes calls and books them: `plus` are new rows, `minus` what stood before of some of them.
-- `said` are sessions of the batch of which something new is said.
CREATE FUNCTION costtop.booked(of smallint, plus costtop.calls[], minus costtop.calls[],
  said costtop.sessions[], kept int) RETURNS void LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
DECLARE added sessions[]; now_rev bigint := pg_current_xact_id()::text::bigint;
BEGIN
  INSERT INTO calls SELECT p.* FROM unnest(plus) p;
  WITH lines AS MATERIALIZED (
    SELECT host, session, usr, project, model, feature, (at / 60000)::int AS minute,
      sum(sign) AS calls, sum(sign * (flags & 1)) AS errors,
      sum(sign * (cost IS NULL)::int) AS unpriced, sum(sign * (flags >> 1 & 1)) AS short,
      sum(sign * coalesce(cost, 0)) AS cost, sum(sign * input::bigint) AS input,
      sum(sign * cache_read::bigint) AS cache_read, sum(sign * cache_write::bigint) AS cache_write,
      sum(sign * output::bigint) AS output
    FROM (SELECT 1 AS sign, p.* FROM unnest(plus) p
          UNION ALL SELECT -1, m.* FROM unnest(minus) m) signed
    GROUP BY 1, 2, 3, 4, 5, 6, 7),
  by_minute AS (
    INSERT INTO minutes AS q SELECT of, minute, session, sum(cost), sum(input + output),
        now_rev, sum(calls), sum(unpriced)
      FROM lines WHERE minute >= kept GROUP BY 2, 3 ORDER BY 2, 3
    ON CONFLICT (team, minute, session) DO UPDATE SET cost = q.cost + excluded.cost,
      tokens = q.tokens + excluded.tokens, rev = excluded.rev, calls = q.calls + excluded.calls,
      unpriced = q.unpriced + excluded.unpriced),
  by_line AS (
    INSERT INTO spend AS q SELECT of, minute / 15, host, usr, project, model, feature, now_rev,
        sum(calls), sum(errors), sum(unpriced), sum(short), sum(cost), sum(input),
        sum(cache_read), sum(cache_write), sum(output)
      FROM lines GROUP BY 2, 3, 4, 5, 6, 7 ORDER BY 2, 3, 4, 5, 6, 7
    ON CONFLICT (team, quarter, host, usr, project, model, feature) DO UPDATE SET
      rev = excluded.rev, calls = q.calls + excluded.calls, errors = q.errors + excluded.errors,
      unpriced = q.unpriced + excluded.unpriced, short = q.short + excluded.short,
      cost = q.cost + excluded.cost, input = q.input + excluded.input,
      cache_read = q.cache_read + excluded.cache_read,
      cache_write = q.cache_write + excluded.cache_write, output = q.output + excluded.output),
  sums AS (
    SELECT session AS id, sum(calls) AS calls, sum(errors) AS errors, sum(unpriced) AS unpriced,
      sum(short) AS short, sum(cost) AS cost, sum(input) AS input, sum(cache_read) AS cache_read,
      sum(cache_write) AS cache_write, sum(output) AS output FROM lines GROUP BY 1)
  SELECT array_agg(ROW(of, coalesce(a.id, s.id), NULL, NULL, s.usr, s.project, s.feature, s.model,
      s.started, s.last, s.ended, now_rev, coalesce(a.calls, 0), coalesce(a.errors, 0),
      coalesce(a.unpriced, 0), coalesce(a.short, 0), coalesce(a.cost, 0), coalesce(a.input, 0),
      coalesce(a.cache_read, 0), coalesce(a.cache_write, 0), coalesce(a.output, 0), NULL, NULL,
      s.root)::sessions)
    INTO added FROM sums a FULL JOIN unnest(said) s ON s.id = a.id;
  PERFORM add_up(of, added, now_rev);
END $$;

-- What may not be, said before anything is written.
CREATE FUNCTION costtop.refuse(texts text[], sessions_said costtop.sessions[], keys_said bytea[],
  gone bytea[], lengths int[]) RETURNS void LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
BEGIN
  IF cardinality(keys_said) + cardinality(gone) > 2000 OR cardinality(sessions_said) > 2000
     OR cardinality(texts) > 8000 THEN
    RAISE 'more than 2,000 rows in a batch' USING ERRCODE = 'CT002';
  ELSIF EXISTS (SELECT FROM unnest(lengths) n WHERE n IS DISTINCT FROM cardinality(keys_said)) THEN
    RAISE 'columns of different length' USING ERRCODE = 'CT002';
  ELSIF EXISTS (SELECT FROM unnest(sessions_said) s
                WHERE greatest(length(s.session), length(s.agent), length(s.root)) > 200) THEN
    RAISE 'a session of more than 200 characters' USING ERRCODE = 'CT002';
  END IF;
END $$;

-- A batch of the host that is logged in. `texts` are its names, each once; other columns point into
-- it from 1 on, and `p_of` into the sessions. `p_gone` are keys that it has no more. `p_epoch` is
-- that of its latest heartbeat on a new connection: an older connection writes nothing any more.
-- Raises CT001 (another epoch), CT002 (a limit), CT003 (too many names), CT004 (it ships sums),
-- 42501 (no host).
CREATE FUNCTION costtop.ingest(p_epoch bigint, p_upto bigint, texts text[],
  s_source int[], s_session text[], s_agent text[], s_root text[], s_user int[], s_project int[],
  s_feature int[], s_model int[], s_started bigint[], s_last bigint[], s_ended bigint[],
  p_key bytea[], p_of int[], p_at bigint[], p_model int[], p_feature int[], p_project int[],
  p_user int[], p_input int[], p_cache_read int[], p_cache_write int[], p_cache_write_1h int[],
  p_output int[], p_reasoning int[], p_flags smallint[], p_cost bigint[], p_computed bigint[],
  p_reported bigint[], p_gone bytea[],
  OUT acked bigint, OUT window_ms int, OUT schema int, OUT added int, OUT changed int,
  OUT removed int, OUT news jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp
-- Plans are kept, and the first are made when the tables are empty.
SET enable_seqscan = off SET jit = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  of hosts; facts meta; names_of int[]; told sessions[]; ids bigint[]; retold sessions[];
  said calls[]; fresh bytea[]; plus calls[]; minus calls[]; n int := cardinality(p_key);
  now_ms bigint := extract(epoch FROM clock_timestamp()) * 1000; latest bigint := now_ms + 600000;
BEGIN
  SELECT * INTO of FROM hosts h WHERE h.role = session_user FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE '% is no host of this fleet', session_user USING ERRCODE = '42501';
  ELSIF of.epoch IS DISTINCT FROM p_epoch THEN
    RAISE 'another connection of % writes now', of.name USING ERRCODE = 'CT001';
  ELSIF of.detail NOT IN ('', 'calls') THEN
    RAISE '% ships sums of its %: forget it before it ships calls', of.name, of.detail
      USING ERRCODE = 'CT004';
  END IF;
  SELECT * INTO facts FROM meta;
  names_of := interned(of, texts);
  SELECT array_agg(ROW(of.team, NULL, of.id, names_of[s.source], names_of[s.usr],
      names_of[s.project], names_of[s.feature], names_of[s.model], earlier(s.started, latest),
      earlier(s.last, latest), earlier(s.ended, latest), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, s.session,
      s.agent, s.root)::sessions ORDER BY s.nth)
    INTO told FROM unnest(s_source, s_session, s_agent, s_root, s_user, s_project, s_feature,
      s_model, s_started, s_last, s_ended) WITH ORDINALITY s(source, session, agent, root, usr,
      project, feature, model, started, last, ended, nth);
  PERFORM refuse(texts, told, p_key, p_gone, ARRAY[cardinality(p_of), cardinality(p_at),
    cardinality(p_model), cardinality(p_feature), cardinality(p_project), cardinality(p_user),
    cardinality(p_input), cardinality(p_cache_read), cardinality(p_cache_write),
    cardinality(p_cache_write_1h), cardinality(p_output), cardinality(p_reasoning),
    cardinality(p_flags), cardinality(p_cost), cardinality(p_computed), cardinality(p_reported)]);
  IF told IS NOT NULL THEN
    SELECT k.ids, k.told INTO ids, retold FROM known_sessions(of, told) k;
  END IF;
  added := 0; changed := 0; removed := 0;
  IF n > 0 THEN
    SELECT array_agg(ROW(earlier(c.at, latest), ids[c.of], c.cost, c.computed, c.reported,
        date '1970-01-01' + (earlier(c.at, latest) / 86400000)::int, of.id, of.id,
        names_of[c.model], names_of[c.feature], names_of[c.project], names_of[c.usr],
        c.input, c.cache_read, c.cache_write, c.cache_write_1h, c.output, c.reasoning, of.team,
        c.flags, c.key)::calls
        ORDER BY c.key)
      INTO said FROM unnest(p_key, p_of, p_at, p_model, p_feature, p_project, p_user, p_input,
        p_cache_read, p_cache_write, p_cache_write_1h, p_output, p_reasoning, p_flags, p_cost,
        p_computed, p_reported) c(key, of, at, model, feature, project, usr, input, cache_read,
        cache_write, cache_write_1h, output, reasoning, flags, cost, computed, reported);
    WITH new AS (INSERT INTO keys (day, team, key) SELECT s.day, s.team, s.key FROM unnest(said) s
                 ON CONFLICT DO NOTHING RETURNING key)
      SELECT array_agg(key) INTO fresh FROM new;
    added := coalesce(cardinality(fresh), 0);
  END IF;
  IF added < n OR cardinality(p_gone) > 0 THEN
    IF n > (SELECT count(DISTINCT k) FROM unnest(p_key) k) THEN
      RAISE 'a key that stands twice in a batch' USING ERRCODE = 'CT002';
    END IF;
    SELECT c.plus, c.minus INTO plus, minus FROM changed(of,
      (SELECT array_agg(s) FROM unnest(said) s
       WHERE NOT EXISTS (SELECT FROM unnest(fresh) f WHERE f = s.key)), p_gone, latest) c;
    changed := coalesce(cardinality(plus), 0);
    removed := coalesce(cardinality(minus), 0) - changed;
    IF added > 0 THEN
      plus := plus || (SELECT array_agg(s) FROM unnest(said) s JOIN unnest(fresh) f ON f = s.key);
    END IF;
  ELSE
    plus := said;
  END IF;
  IF plus IS NOT NULL OR minus IS NOT NULL OR retold IS NOT NULL THEN
    PERFORM booked(of.team, plus, minus, retold, facts.minutes_from);
  END IF;
  UPDATE hosts h SET acked = greatest(h.acked, p_upto), seen = now_ms, detail = 'calls'
    WHERE h.team = of.team AND h.id = of.id RETURNING h.acked, h.window_ms INTO acked, window_ms;
  schema := facts.version;
  news := news(of);
END $$;
