-- One batch of one host, one transaction, any number of times: the second time changes nothing.
--
-- All lock in one order: names, then new keys, then known keys, then sessions, minutes and spend,
-- each sorted. Two hosts never wait for each other in a circle.

SET LOCAL ROLE costtop_owner;

-- A time, but none in the future; NULL stays NULL.
CREATE FUNCTION costtop.earlier(at bigint, latest bigint) RETURNS bigint IMMUTABLE LANGUAGE sql
AS $$ SELECT CASE WHEN at > latest THEN latest ELSE at END $$;

-- The names' ids in the order of `texts`; new ones are written, up to 10,000 a host and day.
CREATE FUNCTION costtop.interned(h costtop.hosts, texts text[]) RETURNS int[] LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
DECLARE ids int[]; fresh int;
BEGIN
  SELECT array_agg(n.id ORDER BY t.nth) INTO ids
    FROM unnest(texts) WITH ORDINALITY t(text, nth) LEFT JOIN names n
      ON n.team = h.team AND n.text = t.text;
  IF array_position(ids, NULL) IS NULL THEN
    RETURN ids;
  END IF;
  IF EXISTS (SELECT FROM unnest(texts) t WHERE t IS NULL OR length(t) > 200) THEN
    RAISE 'a name of more than 200 characters' USING ERRCODE = 'CT002';
  END IF;
  INSERT INTO names (team, text) SELECT DISTINCT h.team, t FROM unnest(texts) t
    WHERE NOT EXISTS (SELECT FROM names n WHERE n.team = h.team AND n.text = t)
    ORDER BY t ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS fresh = ROW_COUNT;
  IF h.names_day = today() THEN
    fresh := fresh + h.names_new;
  END IF;
  IF fresh > 10000 THEN
    RAISE 'more than 10,000 new names of % on one day', h.name USING ERRCODE = 'CT003';
  END IF;
  UPDATE hosts SET names_day = today(), names_new = fresh WHERE team = h.team AND id = h.id;
  SELECT array_agg(n.id ORDER BY t.nth) INTO ids
    FROM unnest(texts) WITH ORDINALITY t(text, nth) LEFT JOIN names n
      ON n.team = h.team AND n.text = t.text;
  RETURN ids;
END $$;

-- The sessions' ids in the order given, new ones written; `told` are those of which something else
-- is said now than before.
CREATE FUNCTION costtop.known_sessions(of costtop.hosts, said costtop.sessions[],
  OUT ids bigint[], OUT told bigint[]) LANGUAGE plpgsql SET search_path = costtop, pg_temp AS $$
BEGIN
  FOR i IN 1..2 LOOP
    SELECT array_agg(q.id ORDER BY s.nth),
           array_agg(q.id ORDER BY q.id) FILTER (WHERE
             (q.usr, q.project, q.feature, q.model, q.started, q.last, q.ended, q.root)
             IS DISTINCT FROM
             (s.usr, s.project, s.feature, s.model, s.started, s.last, s.ended, s.root))
      INTO ids, told
      FROM unnest(said) WITH ORDINALITY s(team, id, host, source, usr, project, feature, model,
        started, last, ended, rev, calls, errors, unpriced, short, cost, input, cache_read,
        cache_write, output, session, agent, root, nth)
      LEFT JOIN sessions q ON q.team = of.team AND q.host = of.id AND q.source = s.source
        AND q.session = s.session AND q.agent = s.agent;
    EXIT WHEN array_position(ids, NULL) IS NULL;
    INSERT INTO sessions (team, host, source, session, agent, root)
      SELECT of.team, of.id, s.source, s.session, s.agent, s.root FROM unnest(said) s
      ORDER BY s.source, s.session, s.agent ON CONFLICT DO NOTHING;
  END LOOP;
END $$;

-- Rows of calls with these keys. Day by day: one partition is looked at.
CREATE FUNCTION costtop.standing(of smallint, asked bytea[]) RETURNS costtop.calls[]
LANGUAGE plpgsql SET search_path = costtop, pg_temp AS $$
DECLARE found calls[] := '{}'; one record;
BEGIN
  FOR one IN SELECT k.day AS on_day, array_agg(k.key) AS keys FROM unnest(asked) a JOIN keys k
             ON k.team = of AND k.key = a GROUP BY 1 LOOP
    found := found || (SELECT array_agg(q) FROM calls q
                       WHERE q.team = of AND q.day = one.on_day AND q.key = ANY (one.keys));
  END LOOP;
  RETURN found;
END $$;

-- What stands and what this host says now, made one; only those that change. The owner's word on
-- session, time and whose it is; the larger sight's on tokens, model and cost, of equal ones the
-- owner's; and whoever told what stands may correct it. A time in the future (`latest`) is no word:
-- it would never rest.
CREATE FUNCTION costtop.joined(old costtop.calls[], said costtop.calls[], latest bigint)
RETURNS TABLE (was costtop.calls, becomes costtop.calls) LANGUAGE sql
SET search_path = costtop, pg_temp AS $$
  SELECT * FROM (
    SELECT q AS was, ROW(
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
      q.key)::calls AS becomes
    FROM unnest(old) q JOIN unnest(said) s ON s.key = q.key CROSS JOIN LATERAL (
      SELECT q.host = s.host AS call, q.host = s.host AND s.at < latest AS at,
        q.teller = s.host OR (s.output, s.input) > (q.output, q.input)
        OR q.host = s.host AND (s.output, s.input) = (q.output, q.input) AS counts) own) both_of
  WHERE becomes IS DISTINCT FROM was
$$;

-- Keeps the owner's own word on calls for as long as a larger sight of another host stands. `said`
-- is what the owner itself says now of calls where it does; `minus` and `plus` are as of `changed`.
CREATE FUNCTION costtop.keep_own_words(of costtop.hosts, said costtop.calls[], minus costtop.calls[],
  plus costtop.calls[]) RETURNS void LANGUAGE plpgsql SET search_path = costtop, pg_temp AS $$
BEGIN
  DELETE FROM overtold o USING unnest(minus) m WHERE o.team = of.team AND o.key = m.key
    AND NOT EXISTS (SELECT FROM unnest(plus) p WHERE p.key = m.key AND p.teller <> p.host);
  UPDATE overtold o SET cost = s.cost, computed = s.computed, reported = s.reported,
      model = s.model, input = s.input, cache_read = s.cache_read, cache_write = s.cache_write,
      cache_write_1h = s.cache_write_1h, output = s.output, reasoning = s.reasoning, flags = s.flags
    FROM unnest(said) s WHERE o.team = of.team AND o.key = s.key AND o.host = of.id;
  INSERT INTO overtold (cost, computed, reported, host, model, input, cache_read, cache_write,
      cache_write_1h, output, reasoning, team, flags, key)
    SELECT m.cost, m.computed, m.reported, m.host, m.model, m.input, m.cache_read, m.cache_write,
      m.cache_write_1h, m.output, m.reasoning, m.team, m.flags, m.key
    FROM unnest(minus) m JOIN unnest(plus) p ON p.key = m.key
    WHERE m.teller = m.host AND p.teller <> p.host;
END $$;

-- Takes known calls that change out of the table: `minus` as they stood, `plus` as they stand from
-- now on, still to be written. `gone` are keys that the host has no more.
CREATE FUNCTION costtop.changed(of costtop.hosts, said costtop.calls[], gone bytea[], latest bigint,
  OUT plus costtop.calls[], OUT minus costtop.calls[]) LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
DECLARE keys_of bytea[]; old calls[]; one record;
BEGIN
  -- Most of what is told again is known: it is compared before anything is locked. Who changes it
  -- meanwhile does so after this batch, as if it had come a moment later.
  SELECT array_agg((j.was).key) INTO keys_of FROM joined(
    standing(of.team, (SELECT array_agg(s.key) FROM unnest(said) s)), said, latest) j;
  keys_of := keys_of || gone || (SELECT array_agg(o.key) FROM unnest(said) s JOIN overtold o
    ON o.team = of.team AND o.key = s.key AND o.host = of.id);
  IF cardinality(keys_of) > 0 THEN
    PERFORM FROM keys k WHERE k.team = of.team AND k.key = ANY (keys_of) ORDER BY k.key FOR UPDATE;
    old := standing(of.team, keys_of);
    SELECT array_agg(j.was), array_agg(j.becomes) INTO minus, plus FROM joined(old, said, latest) j;
    minus := minus || (SELECT array_agg(q) FROM unnest(old) q WHERE q.host = of.id
      AND q.key = ANY (gone) AND NOT EXISTS (SELECT FROM unnest(said) s WHERE s.key = q.key));
    FOR one IN SELECT m.day AS on_day, array_agg(m.key) AS keys FROM unnest(minus) m GROUP BY 1 LOOP
      DELETE FROM calls q WHERE q.team = of.team AND q.day = one.on_day AND q.key = ANY (one.keys);
    END LOOP;
    DELETE FROM keys k USING unnest(minus) m WHERE k.team = of.team AND k.key = m.key
      AND NOT EXISTS (SELECT FROM unnest(plus) p WHERE p.key = m.key);
    UPDATE keys k SET day = p.day FROM unnest(plus) p
      WHERE k.team = of.team AND k.key = p.key AND k.day <> p.day;
    PERFORM keep_own_words(of, said, minus, plus);
  END IF;
END $$;

-- Writes calls and books them: `plus` are new rows, `minus` what stood before of some of them.
-- `ids` and `said` are the sessions of the batch, `told` those of which something new is said.
CREATE FUNCTION costtop.booked(plus costtop.calls[], minus costtop.calls[], ids bigint[],
  told bigint[], said costtop.sessions[], of smallint, kept int) RETURNS void LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
DECLARE touched bigint[]; now_rev bigint := pg_current_xact_id()::text::bigint;
BEGIN
  INSERT INTO calls SELECT p.* FROM unnest(plus) p;
  SELECT array_agg(id ORDER BY id) INTO touched FROM (SELECT unnest(told) AS id
    UNION SELECT p.session FROM unnest(plus) p UNION SELECT m.session FROM unnest(minus) m) t;
  IF touched IS NULL THEN
    RETURN;
  END IF;
  PERFORM FROM sessions q WHERE q.team = of AND q.id = ANY (touched) ORDER BY q.id
    FOR NO KEY UPDATE;
  WITH signed AS (SELECT 1 AS sign, p.* FROM unnest(plus) p
                  UNION ALL SELECT -1, m.* FROM unnest(minus) m),
  lines AS MATERIALIZED (
    SELECT host, session, usr, project, model, feature, (at / 60000)::int AS minute,
      sum(sign) AS calls, sum(sign * (flags & 1)) AS errors,
      sum(sign * (cost IS NULL)::int) AS unpriced, sum(sign * (flags >> 1 & 1)) AS short,
      sum(sign * coalesce(cost, 0)) AS cost, sum(sign * input::bigint) AS input,
      sum(sign * cache_read::bigint) AS cache_read, sum(sign * cache_write::bigint) AS cache_write,
      sum(sign * output::bigint) AS output
    FROM signed GROUP BY 1, 2, 3, 4, 5, 6, 7),
  by_minute AS (
    INSERT INTO minutes AS q SELECT of, minute, session, sum(cost), sum(input + output),
        sum(calls), sum(unpriced)
      FROM lines WHERE minute >= kept GROUP BY 2, 3 ORDER BY 2, 3
    ON CONFLICT (team, minute, session) DO UPDATE SET cost = q.cost + excluded.cost,
      tokens = q.tokens + excluded.tokens, calls = q.calls + excluded.calls,
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
  UPDATE sessions q SET rev = now_rev,
    usr = coalesce(s.usr, q.usr), project = coalesce(s.project, q.project),
    feature = coalesce(s.feature, q.feature), model = coalesce(s.model, q.model),
    started = CASE WHEN s.root IS NULL THEN q.started ELSE s.started END,
    last = coalesce(s.last, q.last),
    ended = CASE WHEN s.root IS NULL THEN q.ended ELSE s.ended END,
    root = coalesce(s.root, q.root),
    calls = q.calls + coalesce(a.calls, 0), errors = q.errors + coalesce(a.errors, 0),
    unpriced = q.unpriced + coalesce(a.unpriced, 0), short = q.short + coalesce(a.short, 0),
    cost = q.cost + coalesce(a.cost, 0), input = q.input + coalesce(a.input, 0),
    cache_read = q.cache_read + coalesce(a.cache_read, 0),
    cache_write = q.cache_write + coalesce(a.cache_write, 0),
    output = q.output + coalesce(a.output, 0)
  FROM unnest(touched) l(id) LEFT JOIN sums a ON a.id = l.id
    LEFT JOIN (SELECT i.id, s.* FROM unnest(ids) WITH ORDINALITY i(id, nth)
               JOIN unnest(said) WITH ORDINALITY s(team, none, host, source, usr, project, feature,
                 model, started, last, ended, rev, calls, errors, unpriced, short, cost, input,
                 cache_read, cache_write, output, session, agent, root, nth) USING (nth)) s
      ON s.id = l.id
  WHERE q.team = of AND q.id = l.id;
END $$;

-- What may not be, said before anything is written.
CREATE FUNCTION costtop.refuse(texts text[], sessions_said costtop.sessions[], keys_said bytea[],
  gone bytea[], lengths int[]) RETURNS void LANGUAGE plpgsql SET search_path = costtop, pg_temp AS $$
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
-- Raises CT001 (another epoch), CT002 (a limit), CT003 (too many names), 42501 (no host).
CREATE FUNCTION costtop.ingest(p_epoch bigint, p_upto bigint, texts text[],
  s_source int[], s_session text[], s_agent text[], s_root text[], s_user int[], s_project int[],
  s_feature int[], s_model int[], s_started bigint[], s_last bigint[], s_ended bigint[],
  p_key bytea[], p_of int[], p_at bigint[], p_model int[], p_feature int[], p_project int[],
  p_user int[], p_input int[], p_cache_read int[], p_cache_write int[], p_cache_write_1h int[],
  p_output int[], p_reasoning int[], p_flags smallint[], p_cost bigint[], p_computed bigint[],
  p_reported bigint[], p_gone bytea[],
  OUT acked bigint, OUT window_ms int, OUT schema int, OUT added int, OUT changed int,
  OUT removed int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp
SET enable_seqscan = off SET jit = off  -- plans are kept from when the tables were empty
AS $$
DECLARE
  of hosts; facts meta; names_of int[]; told sessions[]; ids bigint[]; retold bigint[];
  said calls[]; fresh bytea[]; plus calls[]; minus calls[]; n int := cardinality(p_key);
  now_ms bigint := extract(epoch FROM clock_timestamp()) * 1000; latest bigint := now_ms + 600000;
BEGIN
  SELECT * INTO of FROM hosts h WHERE h.role = session_user FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE '% is no host of this fleet', session_user USING ERRCODE = '42501';
  ELSIF of.epoch IS DISTINCT FROM p_epoch THEN
    RAISE 'another connection of % writes now', of.name USING ERRCODE = 'CT001';
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
        date '1970-01-01' + (earlier(c.at, latest) / 86400000)::int, of.id, of.id, names_of[c.model],
        names_of[c.feature], names_of[c.project], names_of[c.usr], c.input, c.cache_read,
        c.cache_write, c.cache_write_1h, c.output, c.reasoning, of.team, c.flags, c.key)::calls
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
  PERFORM booked(plus, minus, ids, retold, told, of.team, facts.minutes_from);
  UPDATE hosts h SET acked = greatest(h.acked, p_upto), seen = now_ms
    WHERE h.team = of.team AND h.id = of.id RETURNING h.acked, h.window_ms INTO acked, window_ms;
  schema := facts.version;
END $$;
