-- Who may see what: readers, operators and stewards the teams they were granted, hosts nothing.
--
-- Every table is forced under row-level security, the owner's too; a table that is added without a
-- policy shows nobody anything. `team` stands in every readable row, so that a policy bites before
-- a LIMIT does.

GRANT costtop_reader TO costtop_operator, costtop_steward;

SET LOCAL ROLE costtop_owner;

-- The teams of whoever is logged in, by its own name or by a role that it is a member of. It asks
-- for the login, which no SET ROLE changes.
CREATE FUNCTION costtop.my_teams() RETURNS smallint[] STABLE LANGUAGE sql SECURITY DEFINER
SET search_path = costtop, pg_temp AS $$
  SELECT coalesce(array_agg(g.team), '{}') FROM grants g JOIN pg_roles r ON r.rolname = g.role
    WHERE pg_has_role(session_user, r.oid, 'MEMBER')
$$;

DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['meta', 'teams', 'hosts', 'names', 'sessions', 'keys', 'calls',
                             'overtold', 'minutes', 'spend', 'grants'] LOOP
    EXECUTE format('ALTER TABLE costtop.%I ENABLE ROW LEVEL SECURITY,'
                   ' FORCE ROW LEVEL SECURITY', one);
    EXECUTE format('CREATE POLICY owner ON costtop.%I TO costtop_owner USING (true)', one);
  END LOOP;
  FOREACH one IN ARRAY ARRAY['hosts', 'names', 'sessions', 'calls', 'minutes', 'spend'] LOOP
    EXECUTE format('CREATE POLICY reader ON costtop.%I FOR SELECT TO costtop_reader'
                   ' USING (team = ANY ((SELECT costtop.my_teams())::smallint[]))', one);
    EXECUTE format('GRANT SELECT ON costtop.%I TO costtop_reader', one);
  END LOOP;
END $$;
CREATE POLICY reader ON costtop.teams FOR SELECT TO costtop_reader
  USING (id = ANY ((SELECT costtop.my_teams())::smallint[]));
CREATE POLICY reader ON costtop.meta FOR SELECT TO costtop_reader USING (true);
GRANT SELECT ON costtop.teams, costtop.meta TO costtop_reader;
GRANT USAGE ON SCHEMA costtop TO costtop_reader;
GRANT EXECUTE ON FUNCTION costtop.my_teams TO costtop_reader;

-- Lets a login, or all members of a role, read a team, and command its machines where it is an
-- operator; `may_command` NULL leaves that as it stands. `disallow` takes all of it back.
CREATE FUNCTION costtop.allow(as_role name, of_team text, may_command boolean DEFAULT true)
RETURNS void LANGUAGE plpgsql SET search_path = costtop, pg_temp AS $$
BEGIN
  INSERT INTO grants AS g (team, role, commands)
    SELECT t.id, as_role, coalesce(may_command, false) FROM teams t WHERE t.name = of_team
    ON CONFLICT (team, role) DO UPDATE SET commands = coalesce(may_command, g.commands);
  IF NOT FOUND THEN
    RAISE 'no team %', of_team USING ERRCODE = 'no_data_found';
  END IF;
END $$;

CREATE FUNCTION costtop.disallow(as_role name, of_team text) RETURNS void LANGUAGE sql
SET search_path = costtop, pg_temp AS $$
  DELETE FROM grants g USING teams t WHERE t.name = of_team AND g.team = t.id AND g.role = as_role
$$;

-- Takes a host out of the fleet with all that it owns; its role can ship nothing afterwards. Where
-- it told the larger sight of another host's call, that host's own word stands again. How many
-- calls went.
CREATE FUNCTION costtop.forget(host text, of_team text) RETURNS bigint LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
DECLARE of hosts; its bigint[]; own bytea[]; plus calls[]; minus calls[];
BEGIN
  SELECT h.* INTO of FROM hosts h JOIN teams t ON t.id = h.team
    WHERE h.name = host AND t.name = of_team FOR UPDATE OF h;
  IF NOT FOUND THEN
    RAISE 'no host % in team %', host, of_team USING ERRCODE = 'no_data_found';
  END IF;
  -- In the order in which batches lock: keys before sums.
  SELECT array_agg(s.id) INTO its FROM sessions s WHERE s.team = of.team AND s.host = of.id;
  SELECT array_agg(c.key) INTO own FROM calls c WHERE c.team = of.team AND c.session = ANY (its);
  PERFORM FROM keys k WHERE k.team = of.team AND k.key IN (
      SELECT unnest(own) UNION SELECT o.key FROM overtold o WHERE o.team = of.team)
    ORDER BY k.key FOR UPDATE;
  WITH back AS (
    SELECT q, ROW(q.at, q.session, o.cost, o.computed, o.reported, q.day, q.host, q.host, o.model,
        q.feature, q.project, q.usr, o.input, o.cache_read, o.cache_write, o.cache_write_1h,
        o.output, o.reasoning, q.team, o.flags, q.key)::calls AS becomes
      FROM overtold o JOIN keys k ON k.team = o.team AND k.key = o.key
      JOIN calls q ON q.team = k.team AND q.day = k.day AND q.key = k.key
      WHERE o.team = of.team AND q.teller = of.id AND q.host <> of.id)
    SELECT array_agg(q), array_agg(becomes) INTO minus, plus FROM back;
  DELETE FROM overtold o USING unnest(minus) m WHERE o.team = of.team AND o.key = m.key;
  DELETE FROM overtold o WHERE o.team = of.team AND o.host = of.id;
  DELETE FROM calls c USING unnest(minus) m
    WHERE c.team = of.team AND c.day = m.day AND c.key = m.key;
  DELETE FROM keys k WHERE k.team = of.team AND k.key = ANY (own);
  DELETE FROM calls c WHERE c.team = of.team AND c.session = ANY (its);
  PERFORM booked(of.team, plus, minus, NULL, (SELECT minutes_from FROM meta));
  DELETE FROM sessions s WHERE s.team = of.team AND s.host = of.id;
  DELETE FROM minutes m WHERE m.team = of.team AND m.session = ANY (its);
  DELETE FROM spend s WHERE s.team = of.team AND s.host = of.id;
  DELETE FROM commands c WHERE c.team = of.team AND c.host = of.id;
  DELETE FROM hosts h WHERE h.team = of.team AND h.id = of.id;
  RETURN coalesce(cardinality(own), 0);
END $$;
