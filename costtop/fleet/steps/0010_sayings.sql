-- What a host says besides its calls: its own alerts, and how full the windows of its plans are.

SET LOCAL ROLE costtop_owner;

-- The latest reading of each window of each account, as an agent told it to a host.
CREATE TABLE costtop.windows (
  team     smallint NOT NULL,
  host     int      NOT NULL,
  source   text     COLLATE "C" NOT NULL,
  account  text     COLLATE "C" NOT NULL,     -- what the host calls the folder that stands for it
  plan     text     COLLATE "C" NOT NULL,
  model    text     COLLATE "C" NOT NULL,     -- what alone it holds for
  minutes  int      NOT NULL,
  used     int      NOT NULL,                 -- hundredths of a per cent
  resets   bigint,
  happened bigint   NOT NULL,
  at       bigint   NOT NULL,
  PRIMARY KEY (team, host, source, account, plan, model, minutes)
);

-- Rows of a host by part, any number of times: "alerts" or "windows"; the latest word holds. Titles
-- and reasons are no host's to write: an alert's words are made from its numbers. How many rows.
-- Raises CT002 (a limit), 42501 (no host).
CREATE FUNCTION costtop.say(p_part text, p_rows jsonb) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp AS $$
DECLARE of hosts; ours jsonb; n int;
BEGIN
  SELECT * INTO of FROM hosts h WHERE h.role = session_user;
  IF NOT FOUND THEN
    RAISE '% is no host of this fleet', session_user USING ERRCODE = '42501';
  ELSIF p_part IS NULL OR p_part NOT IN ('alerts', 'windows')
     OR jsonb_typeof(p_rows) IS DISTINCT FROM 'array' OR jsonb_array_length(p_rows) > 200
     OR EXISTS (SELECT FROM jsonb_array_elements(p_rows) r WHERE jsonb_typeof(r) <> 'object')
     OR EXISTS (SELECT FROM jsonb_array_elements(p_rows) r, jsonb_each_text(r) f
                WHERE length(f.value) > 200) THEN
    RAISE 'a host says up to 200 rows, of up to 200 characters each' USING ERRCODE = 'CT002';
  END IF;
  ours := jsonb_build_object('team', of.team, 'host', of.id, 'teams', ARRAY[of.team], 'epoch', 0,
    'at', now_ms(), 'incident', '', 'identity', '', 'subject', '', 'title', '', 'why', '',
    'evidence', '{}', 'also', '[]', 'under', '', 'late', 0, 'times', 1, 'tellings', 0, 'voiced', 0,
    'told_size', 0);
  IF p_part = 'windows' THEN
    DELETE FROM windows w USING jsonb_array_elements(p_rows) e
      WHERE w.team = of.team AND w.host = of.id AND w.source = e ->> 'source'
        AND w.account = e ->> 'account' AND w.plan = e ->> 'plan' AND w.model = e ->> 'model'
        AND w.minutes = (e ->> 'minutes')::int;
    INSERT INTO windows SELECT r.* FROM jsonb_array_elements(p_rows) e,
      jsonb_populate_record(NULL::windows, e || ours) r;
    SELECT count(*) INTO n FROM windows w WHERE w.team = of.team AND w.host = of.id;
  ELSE
    DELETE FROM alerts a USING jsonb_array_elements(p_rows) e
      WHERE a.team = of.team AND a.host = of.id AND a.ref = e ->> 'ref';
    INSERT INTO alerts SELECT r.* FROM jsonb_array_elements(p_rows) e,
      jsonb_populate_record(NULL::alerts, e || ours) r;
    DELETE FROM alerts a WHERE a.team = of.team AND a.host = of.id
      AND a.at < now_ms() - 90 * 86400000::bigint;
    SELECT count(*) INTO n FROM alerts a WHERE a.team = of.team AND a.host = of.id;
  END IF;
  IF n > (CASE p_part WHEN 'windows' THEN 500 ELSE 20000 END) THEN
    RAISE 'a host has said too many %', p_part USING ERRCODE = 'CT002';
  END IF;
  RETURN jsonb_array_length(p_rows);
END $$;

-- A host that is forgotten is forgotten with all that it said.
CREATE FUNCTION costtop.forget_sayings() RETURNS trigger LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
BEGIN
  DELETE FROM alerts a WHERE a.team = OLD.team AND a.host = OLD.id;
  DELETE FROM windows w WHERE w.team = OLD.team AND w.host = OLD.id;
  RETURN OLD;
END $$;
CREATE TRIGGER sayings AFTER DELETE ON costtop.hosts
  FOR EACH ROW EXECUTE FUNCTION costtop.forget_sayings();

ALTER TABLE costtop.windows ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON costtop.windows TO costtop_owner USING (true);
CREATE POLICY reader ON costtop.windows FOR SELECT TO costtop_reader
  USING (team = ANY ((SELECT costtop.my_teams())::smallint[]));
GRANT SELECT ON costtop.windows TO costtop_reader;
GRANT EXECUTE ON FUNCTION costtop.say TO costtop_host;
