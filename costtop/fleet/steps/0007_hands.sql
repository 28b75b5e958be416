-- Hands across hosts: what an operator asks of a session on another machine, and what became of it.
--
-- A command rides in the next answer to its host, again and again, until the host has answered it
-- or its time is over. Whether it is done, the host's own daemon decides by its own rules.

SET LOCAL ROLE costtop_owner;

-- `id` is the asker's: who asks again because it heard no answer asks the same thing once.
CREATE TABLE costtop.commands (
  team     smallint NOT NULL,
  id       uuid     NOT NULL,
  host     int      NOT NULL,
  session  text     COLLATE "C" NOT NULL,     -- "source/session", or a short id of that host
  verb     text     COLLATE "C" NOT NULL
           CHECK (verb IN ('mark', 'unmark', 'silence', 'stop', 'pause', 'resume', 'kill')),
  given    jsonb    NOT NULL,                 -- what the verb needs besides: kind, note, span, rung
  asked_by text     COLLATE "C" NOT NULL,     -- the login that asked
  asked_on text     COLLATE "C" NOT NULL,     -- the machine it asked on, as that calls itself
  at       bigint   NOT NULL,
  expires  bigint   NOT NULL,                 -- not begun after this, by the server's clock
  state    text     COLLATE "C" NOT NULL DEFAULT 'asked'
           CHECK (state IN ('asked', 'done', 'refused', 'expired')),
  answer   text     COLLATE "C" NOT NULL DEFAULT '',
  answered bigint,                            -- when its host answered
  PRIMARY KEY (team, id)
);
CREATE INDEX commands_open ON costtop.commands (team, host, at) WHERE state = 'asked';

-- The journal of commands: only added to, by nobody but the functions here, not even by the owner.
CREATE TABLE costtop.deeds (
  team     smallint NOT NULL,
  id       bigint   NOT NULL GENERATED ALWAYS AS IDENTITY,
  at       bigint   NOT NULL,
  host     text     COLLATE "C" NOT NULL,     -- its name: a deed outlives its host
  session  text     COLLATE "C" NOT NULL,
  verb     text     COLLATE "C" NOT NULL,
  asked_by text     COLLATE "C" NOT NULL,
  asked_on text     COLLATE "C" NOT NULL,
  command  uuid     NOT NULL,
  state    text     COLLATE "C" NOT NULL,
  detail   text     COLLATE "C" NOT NULL,
  PRIMARY KEY (team, id)
);

-- What a host lets operators do, as it says itself: for people to see before they ask. NULL until
-- it has said so. It decides anew at each command.
ALTER TABLE costtop.hosts ADD COLUMN accepts text[];

CREATE FUNCTION costtop.now_ms() RETURNS bigint VOLATILE LANGUAGE sql
SET search_path = costtop, pg_temp
AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

-- What waits for a host, the oldest first. `left_ms` counts from this moment, so that no clock of
-- a machine has a say in it.
CREATE FUNCTION costtop.commands_for(of costtop.hosts) RETURNS jsonb STABLE LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
DECLARE moment bigint := now_ms(); waiting jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object('id', c.id, 'session', c.session, 'verb', c.verb,
      'given', c.given, 'by', c.asked_by, 'asked_on', c.asked_on, 'left_ms', c.expires - moment)
      ORDER BY c.at, c.id) INTO waiting
    FROM commands c WHERE c.team = of.team AND c.host = of.id AND c.state = 'asked'
      AND c.expires > moment;
  RETURN coalesce(waiting, '[]');
END $$;

-- All that a host has to know besides how far its batches were taken.
CREATE FUNCTION costtop.news(of costtop.hosts) RETURNS jsonb STABLE LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
BEGIN
  RETURN jsonb_build_object('commands', commands_for(of));
END $$;

-- The news alone: what a host with live sessions asks for every second. It writes nothing.
CREATE FUNCTION costtop.ask() RETURNS jsonb STABLE LANGUAGE plpgsql SECURITY DEFINER
SET search_path = costtop, pg_temp AS $$
DECLARE of hosts;
BEGIN
  SELECT * INTO of FROM hosts h WHERE h.role = session_user;
  IF NOT FOUND THEN
    RAISE '% is no host of this fleet', session_user USING ERRCODE = '42501';
  END IF;
  RETURN news(of);
END $$;

-- A host says what it accepts, on each new connection.
CREATE FUNCTION costtop.accept(p_verbs text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = costtop, pg_temp AS $$
BEGIN
  IF NOT p_verbs <@ ARRAY['mark', 'silence', 'stop', 'pause', 'kill'] OR cardinality(p_verbs) > 5
  THEN
    RAISE 'no such verbs' USING ERRCODE = 'CT004';
  END IF;
  UPDATE hosts h SET accepts = p_verbs
    WHERE h.role = session_user AND h.accepts IS DISTINCT FROM p_verbs;
END $$;

CREATE FUNCTION costtop.journal(c costtop.commands, host text, state text, detail text)
RETURNS void LANGUAGE sql SET search_path = costtop, pg_temp AS $$
  INSERT INTO deeds (team, at, host, session, verb, asked_by, asked_on, command, state, detail)
    VALUES (c.team, now_ms(), host, c.session, c.verb, c.asked_by, c.asked_on, c.id, state, detail)
$$;

-- What no operator may ask, said before anything is written.
CREATE FUNCTION costtop.check_command(of_session text, of_verb text, of_given jsonb, of_on text)
RETURNS void LANGUAGE plpgsql SET search_path = costtop, pg_temp AS $$
BEGIN
  IF coalesce(of_verb, '') NOT IN
     ('mark', 'unmark', 'silence', 'stop', 'pause', 'resume', 'kill') THEN
    RAISE 'no such command: %', left(of_verb, 40) USING ERRCODE = 'CT004';
  ELSIF coalesce(length(of_session), 0) NOT BETWEEN 1 AND 200 OR of_session ~ '[[:cntrl:]]' THEN
    RAISE 'a session is named by 1 to 200 characters, none of them a control character'
      USING ERRCODE = 'CT004';
  ELSIF jsonb_typeof(of_given) IS DISTINCT FROM 'object' OR length(of_given::text) > 1000 THEN
    RAISE 'more than 1,000 characters beside a command' USING ERRCODE = 'CT004';
  ELSIF of_on IS NULL OR length(of_on) > 200 OR of_on ~ '[[:cntrl:]]' THEN
    RAISE 'a machine is named by up to 200 characters' USING ERRCODE = 'CT004';
  END IF;
END $$;

-- The teams whose machines whoever is logged in may command, where it is an operator.
CREATE FUNCTION costtop.commanded_teams() RETURNS smallint[] STABLE LANGUAGE sql
SET search_path = costtop, pg_temp AS $$
  SELECT coalesce(array_agg(g.team), '{}') FROM grants g JOIN pg_roles r ON r.rolname = g.role
    WHERE g.commands AND pg_has_role(session_user, r.oid, 'MEMBER')
$$;

-- An operator asks; `of_team` may be '' where one host alone of the operator's teams has that name.
-- Begun within three heartbeats of the host, or never. Asked again with the same id it answers what
-- has become of it. Raises CT004 (what may not be asked), 42501 (no such host for this operator).
CREATE FUNCTION costtop.command(p_id uuid, p_team text, p_host text, p_session text, p_verb text,
  p_given jsonb, p_on text, OUT state text, OUT answer text, OUT left_ms bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp AS $$
#variable_conflict use_column
DECLARE
  of hosts; one commands; mine smallint[] := commanded_teams(); found_hosts int;
  moment bigint := now_ms();
BEGIN
  PERFORM check_command(p_session, p_verb, p_given, p_on);
  SELECT count(*) INTO found_hosts FROM hosts h JOIN teams t ON t.id = h.team
    WHERE h.team = ANY (mine) AND h.name = p_host AND p_team IN ('', t.name);
  IF found_hosts > 1 THEN
    RAISE '% is a host of several teams: name the team', left(p_host, 200) USING ERRCODE = 'CT004';
  END IF;
  SELECT h.* INTO of FROM hosts h JOIN teams t ON t.id = h.team
    WHERE h.team = ANY (mine) AND h.name = p_host AND p_team IN ('', t.name);
  IF NOT FOUND THEN
    RAISE 'no host % in a team that % may command', left(p_host, 200), session_user
      USING ERRCODE = '42501';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('costtop commands'), of.id);  -- holds up no batch
  SELECT * INTO one FROM commands c WHERE c.team = of.team AND c.id = p_id;
  IF FOUND AND (one.host, one.session, one.verb, one.given, one.asked_by) IS DISTINCT FROM
     (of.id, p_session, p_verb, p_given, session_user::text) THEN
    RAISE 'another command has that id' USING ERRCODE = 'CT004';
  ELSIF NOT FOUND THEN
    UPDATE commands c SET state = 'expired'
      WHERE c.team = of.team AND c.host = of.id AND c.state = 'asked' AND c.expires <= moment;
    IF (SELECT count(*) FROM commands c
        WHERE c.team = of.team AND c.host = of.id AND c.state = 'asked') >= 20 THEN
      RAISE '20 commands wait for % already', of.name USING ERRCODE = 'CT004';
    END IF;
    INSERT INTO commands (team, id, host, session, verb, given, asked_by, asked_on, at, expires)
      VALUES (of.team, p_id, of.id, p_session, p_verb, p_given, session_user, p_on, moment,
        moment + 3 * of.idle_ms) RETURNING * INTO one;
    PERFORM journal(one, of.name, 'asked', p_given::text);
  END IF;
  state := one.state; answer := one.answer; left_ms := one.expires - moment;
END $$;

-- What has become of a command of one's own: 'expired' once nothing will be begun any more and no
-- answer has come. NULL where there is none.
CREATE FUNCTION costtop.outcome(p_id uuid, OUT state text, OUT answer text, OUT left_ms bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp AS $$
DECLARE one commands; moment bigint := now_ms();
BEGIN
  SELECT * INTO one FROM commands c
    WHERE c.team = ANY (my_teams()) AND c.id = p_id AND c.asked_by = session_user;
  left_ms := one.expires - moment; answer := one.answer;
  state := CASE WHEN one.state = 'asked' AND left_ms <= 0 THEN 'expired' ELSE one.state END;
END $$;

-- A host answers a command of its own, once: what stands is answered, what came later is not
-- kept. Also after its time: what was begun within it was done. NULL where the host has none of
-- that id.
CREATE FUNCTION costtop.answer(p_id uuid, p_state text, p_why text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp AS $$
DECLARE of hosts; one commands;
BEGIN
  SELECT * INTO of FROM hosts h WHERE h.role = session_user;
  IF NOT FOUND THEN
    RAISE '% is no host of this fleet', session_user USING ERRCODE = '42501';
  ELSIF coalesce(p_state, '') NOT IN ('done', 'refused', 'expired') THEN
    RAISE 'no such answer: %', left(p_state, 40) USING ERRCODE = 'CT004';
  END IF;
  SELECT * INTO one FROM commands c
    WHERE c.team = of.team AND c.id = p_id AND c.host = of.id FOR UPDATE;
  IF NOT FOUND OR one.answered IS NOT NULL THEN
    RETURN one.state;
  END IF;
  UPDATE commands c SET state = p_state, answer = left(coalesce(p_why, ''), 1000),
      answered = now_ms() WHERE c.team = of.team AND c.id = p_id;
  PERFORM journal(one, of.name, p_state, left(coalesce(p_why, ''), 1000));
  RETURN p_state;
END $$;

DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['commands', 'deeds'] LOOP
    EXECUTE format('ALTER TABLE costtop.%I ENABLE ROW LEVEL SECURITY,'
                   ' FORCE ROW LEVEL SECURITY', one);
    EXECUTE format('CREATE POLICY reader ON costtop.%I FOR SELECT TO costtop_reader'
                   ' USING (team = ANY ((SELECT costtop.my_teams())::smallint[]))', one);
    EXECUTE format('GRANT SELECT ON costtop.%I TO costtop_reader', one);
  END LOOP;
END $$;
CREATE POLICY owner ON costtop.commands TO costtop_owner USING (true);
CREATE POLICY owner_reads ON costtop.deeds FOR SELECT TO costtop_owner USING (true);
CREATE POLICY owner_adds ON costtop.deeds FOR INSERT TO costtop_owner WITH CHECK (true);

GRANT USAGE ON SCHEMA costtop TO costtop_operator;
GRANT EXECUTE ON FUNCTION costtop.command, costtop.outcome TO costtop_operator;
GRANT EXECUTE ON FUNCTION costtop.ask, costtop.answer, costtop.accept TO costtop_host;
