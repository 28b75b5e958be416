-- Partitions: calls and minutes by day, spend by month, three days ahead, made by whoever asks
-- first. What comes before there is a partition for it goes to `…_strays`, is counted there, and
-- moves out when its partition is made. Days before the fleet began share `…_before`.

SET LOCAL ROLE costtop_owner;

CREATE TABLE costtop.calls_strays PARTITION OF costtop.calls DEFAULT;
CREATE TABLE costtop.minutes_strays PARTITION OF costtop.minutes DEFAULT;
CREATE TABLE costtop.spend_strays PARTITION OF costtop.spend DEFAULT;

CREATE FUNCTION costtop.today() RETURNS date STABLE LANGUAGE sql SET search_path = costtop, pg_temp
AS $$ SELECT (now() AT TIME ZONE 'UTC')::date $$;

-- A day as a number of minutes (`unit` 60) or quarters (900) since 1970.
CREATE FUNCTION costtop.since_1970(day date, unit int) RETURNS int IMMUTABLE LANGUAGE sql
SET search_path = costtop, pg_temp
AS $$ SELECT (day - date '1970-01-01') * (86400 / unit) $$;

-- Every partition that should stand for these days: its table, name, column and bounds.
CREATE FUNCTION costtop.wanted(first date, last date)
RETURNS TABLE (parent text, part text, col text, low text, high text)
STABLE LANGUAGE sql SET search_path = costtop, pg_temp AS $$
  SELECT 'calls', to_char(d, '"calls_"YYYYMMDD'), 'day', d::text, (d + 1)::text
    FROM (SELECT first + i AS d FROM generate_series(0, last - first) i) days
  UNION ALL
  SELECT 'minutes', to_char(d, '"minutes_"YYYYMMDD'), 'minute', since_1970(d, 60)::text,
         since_1970(d + 1, 60)::text
    FROM (SELECT first + i AS d FROM generate_series(0, last - first) i) days
  UNION ALL
  SELECT 'spend', to_char(m, '"spend_"YYYYMM'), 'quarter', since_1970(m, 900)::text,
         since_1970((m + interval '1 month')::date, 900)::text
    FROM (SELECT generate_series(date_trunc('month', first), last, '1 month')::date AS m) months
$$;

-- Makes one partition beside its table, moves strays into it, then hangs it in; rows moved.
-- Whoever calls it, the table is the owner's.
CREATE FUNCTION costtop.make_partition(parent text, part text, col text, low text, high text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp AS $$
DECLARE moved bigint;
BEGIN
  EXECUTE format('LOCK TABLE %I, %I IN ACCESS EXCLUSIVE MODE', parent, parent || '_strays');
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                 part, parent);
  EXECUTE format('WITH strays AS (DELETE FROM %1$I WHERE %2$I >= %3$L AND %2$I < %4$L RETURNING *)'
                 ' INSERT INTO %5$I SELECT * FROM strays',
                 parent || '_strays', col, low, high, part);
  GET DIAGNOSTICS moved = ROW_COUNT;
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                 parent, part, low, high);
  IF parent <> 'calls' THEN
    EXECUTE format('ALTER TABLE %I SET (fillfactor = 80)', part);
  END IF;
  RETURN moved;
END $$;

-- Makes the partitions of one table that are missing up to three days ahead, for strays too: one
-- table at a time, so that no two locks are held that a batch takes in another order. How many.
CREATE FUNCTION costtop.make_ahead() RETURNS int LANGUAGE plpgsql
SET search_path = costtop, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE one record; made int := 0; table_of text; kept int; first date;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('costtop partitions')) THEN
    RETURN 0;
  END IF;
  SELECT minutes_from INTO kept FROM meta;
  SELECT least(today() - 8, min(day)) INTO first FROM calls_strays;
  FOR one IN SELECT * FROM wanted(first, today() + 3) w
             WHERE to_regclass('costtop.' || quote_ident(w.part)) IS NULL
               AND (w.parent <> 'minutes' OR w.low::int >= kept) ORDER BY parent, low LOOP
    EXIT WHEN table_of <> one.parent;
    PERFORM make_partition(one.parent, one.part, one.col, one.low, one.high);
    table_of := one.parent;
    made := made + 1;
  END LOOP;
  RETURN made;
EXCEPTION WHEN lock_not_available THEN  -- busy: the next one who asks makes them
  RETURN 0;
END $$;

-- Drops the oldest day of minutes that is more than eight days old. True where there was one.
CREATE FUNCTION costtop.drop_old_minutes() RETURNS boolean LANGUAGE plpgsql
SET search_path = costtop, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE part text; kept int := since_1970(today() - 8, 60);
BEGIN
  SELECT c.relname INTO part FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'costtop.minutes'::regclass AND c.relname ~ '^minutes_\d{8}$'
      AND c.relname < to_char(today() - 8, '"minutes_"YYYYMMDD') ORDER BY 1 LIMIT 1;
  IF part IS NULL OR NOT pg_try_advisory_xact_lock(hashtext('costtop partitions')) THEN
    RETURN false;
  END IF;
  EXECUTE format('LOCK TABLE minutes, %I IN ACCESS EXCLUSIVE MODE', part);
  UPDATE meta SET minutes_from = greatest(minutes_from, kept);
  EXECUTE format('DROP TABLE %I', part);
  DELETE FROM minutes_strays WHERE minute < kept;
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;

-- Rows that stand in no partition of their own.
CREATE FUNCTION costtop.strays() RETURNS bigint STABLE LANGUAGE sql
SET search_path = costtop, pg_temp AS $$
  SELECT (SELECT count(*) FROM calls_strays) + (SELECT count(*) FROM minutes_strays)
       + (SELECT count(*) FROM spend_strays)
$$;

-- What there is on the first day: eight days back, three ahead, and one for all before.
DO $$
DECLARE one record; first date := costtop.today() - 8;
BEGIN
  FOR one IN SELECT * FROM costtop.wanted(first, costtop.today() + 3) LOOP
    PERFORM costtop.make_partition(one.parent, one.part, one.col, one.low, one.high);
  END LOOP;
  EXECUTE format('CREATE TABLE costtop.calls_before PARTITION OF costtop.calls'
                 ' FOR VALUES FROM (MINVALUE) TO (%L)', first);
  EXECUTE format('CREATE TABLE costtop.spend_before PARTITION OF costtop.spend'
                 ' FOR VALUES FROM (MINVALUE) TO (%s)',
                 costtop.since_1970(date_trunc('month', first)::date, 900));
  UPDATE costtop.meta SET minutes_from = costtop.since_1970(first, 60);
END $$;
