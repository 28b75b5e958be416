-- The steward: who counts the fleet's budgets and tells of them, and what it writes.
--
-- One leader a team, not one a server: who may read one team only must neither wait for another
-- team's steward nor count for it. A steward leads all teams that its login reads, or none; what it
-- writes stands under the first of them, and whoever reads it must be let into all of them, for its
-- sums are of them all.
--
-- An advisory lock says at once that a leader has ended: it goes with the connection. That lock is
-- not what keeps two apart: a leader that sleeps keeps it, and any login can take one whose number
-- it knows. So each leader has a number of its own and a time up to which its word holds; whoever
-- finds that over, or the lock with somebody who is no steward, takes another number. And every
-- write of a steward says its epoch and changes nothing when that is not the leader's any more. Each
-- is one statement, so that no sleeper holds a row meanwhile.

SET LOCAL ROLE costtop_owner;

CREATE SEQUENCE costtop.epochs;               -- no two leaders had the same, whatever they lead

CREATE TABLE costtop.leader (
  team  smallint PRIMARY KEY,
  epoch bigint NOT NULL DEFAULT 0,
  lock  bigint NOT NULL,
  host  text   NOT NULL DEFAULT '' CHECK (length(host) <= 200),
  role  name   NOT NULL DEFAULT '',
  since bigint NOT NULL DEFAULT 0,
  until bigint NOT NULL DEFAULT 0             -- it may not be taken for ended before, unless it has
);

-- What the steward's configuration says, so that everybody sees it.
CREATE TABLE costtop.budgets (
  team      smallint   NOT NULL,
  name      text       COLLATE "C" NOT NULL,
  teams     smallint[] NOT NULL,              -- which it counts
  period    text       NOT NULL,              -- day | week | month | hours:N | plan:5h
  amount    bigint     NOT NULL,
  tiers     int[]      NOT NULL,
  scope     jsonb      NOT NULL,
  action    text       NOT NULL,
  act_at    int        NOT NULL,
  excepted  jsonb      NOT NULL,
  escalate  text       NOT NULL,
  offline   text       NOT NULL,              -- hold | pass: beyond its share, out of reach
  allowance bigint,                           -- a host's share is never more
  at        bigint     NOT NULL,
  epoch     bigint     NOT NULL,
  PRIMARY KEY (team, name)
);

-- What each budget came to, period by period.
CREATE TABLE costtop.standing (
  team    smallint   NOT NULL,
  budget  text       COLLATE "C" NOT NULL,
  period  text       COLLATE "C" NOT NULL,    -- its key: 2026-11-29, 2026-W48, 2026-11
  teams   smallint[] NOT NULL,
  since   bigint     NOT NULL,
  until   bigint     NOT NULL,
  amount  bigint     NOT NULL,
  spent   bigint     NOT NULL,
  short   boolean    NOT NULL,                -- more was spent: some of it has no price
  hosts   int        NOT NULL,                -- that told something lately
  breach  real,                               -- the chance that it is passed; NULL: not foreseen
  expected bigint,
  at      bigint     NOT NULL,
  epoch   bigint     NOT NULL,
  PRIMARY KEY (team, budget, period)
);

-- What every host of a team is to keep to: its share of each budget that holds, and what is spent.
CREATE TABLE costtop.guards (
  team      smallint NOT NULL,
  nth       int      NOT NULL,
  budget    text     NOT NULL,
  period    text     NOT NULL,
  share     bigint   NOT NULL,
  action    text     NOT NULL,
  scope     jsonb    NOT NULL,
  excepted  jsonb    NOT NULL,
  escalate  text     NOT NULL,
  offline   text     NOT NULL,
  why       text     NOT NULL,
  opened    bigint,                           -- NULL: it holds nobody
  confirmed bigint,
  due       bigint,
  until     bigint,
  at        bigint   NOT NULL,                -- when the fleet was counted
  epoch     bigint   NOT NULL,
  PRIMARY KEY (team, nth)
);

-- Alerts: host 0 is the fleet's own, else a host's word on its own.
CREATE TABLE costtop.alerts (
  team      smallint   NOT NULL,
  host      int        NOT NULL,
  ref       text       COLLATE "C" NOT NULL,  -- 12 hex digits: what people type
  teams     smallint[] NOT NULL,
  incident  text       NOT NULL DEFAULT '',
  identity  text       NOT NULL DEFAULT '',
  subject   text       NOT NULL DEFAULT '',
  rule      text       NOT NULL,
  severity  text       NOT NULL,
  session   text       NOT NULL DEFAULT '',
  budget    text       NOT NULL DEFAULT '',
  period    text       NOT NULL DEFAULT '',
  tier      int,
  feature   text       NOT NULL DEFAULT '',
  usr       text       NOT NULL DEFAULT '',
  raised    bigint     NOT NULL,
  happened  bigint     NOT NULL,
  turn      int,
  cost      bigint,
  excess    bigint,
  cost_now  bigint,
  cause     text,
  title     text       NOT NULL DEFAULT '',
  why       text       NOT NULL DEFAULT '',
  evidence  text       NOT NULL DEFAULT '{}',
  late      int        NOT NULL DEFAULT 0,
  amount    bigint,
  state     text       NOT NULL,
  reason    text       NOT NULL,
  told      bigint,
  told_size bigint     NOT NULL DEFAULT 0,
  pushed    bigint,
  times     int        NOT NULL DEFAULT 1,
  tellings  int        NOT NULL DEFAULT 0,
  voiced    int        NOT NULL DEFAULT 0,
  resolved_at bigint,
  acked_by  text,
  acked_at  bigint,
  also      text       NOT NULL DEFAULT '[]',
  under     text       NOT NULL DEFAULT '',
  steward_tells boolean NOT NULL DEFAULT false, -- the host leaves telling to the steward
  at        bigint     NOT NULL,
  epoch     bigint     NOT NULL,
  PRIMARY KEY (team, host, ref)
);
CREATE INDEX alerts_at ON costtop.alerts (team, at);

-- One row a message and endpoint of the steward's. It goes to whoever leads: who claimed it is
-- known by the epoch.
CREATE TABLE costtop.outbox (
  team     smallint   NOT NULL,
  token    text       COLLATE "C" NOT NULL,   -- sent along: the same at every try
  teams    smallint[] NOT NULL,
  label    text       NOT NULL,
  kind     text       NOT NULL,
  severity text       NOT NULL,
  title    text       NOT NULL,
  body     text       NOT NULL,
  short    text       NOT NULL,
  happened bigint     NOT NULL,
  made     bigint     NOT NULL,
  released bigint,
  state    text       NOT NULL,               -- as in a host's own store
  hold     text       NOT NULL DEFAULT '',
  next_at  bigint     NOT NULL,
  set_at   bigint     NOT NULL,
  attempts int        NOT NULL DEFAULT 0,
  refusals int        NOT NULL DEFAULT 0,
  sent_at  bigint,
  error    text       NOT NULL DEFAULT '',
  alerts   text[]     NOT NULL DEFAULT '{}',
  claimed_by bigint,                          -- the epoch in which somebody set out to send it
  claimed_at bigint,
  at       bigint     NOT NULL,
  epoch    bigint     NOT NULL,
  PRIMARY KEY (team, token)
);
CREATE INDEX outbox_made ON costtop.outbox (team, made);

-- Whether a lock of this number is held by a steward; by nobody, or by anybody else, is false.
CREATE FUNCTION costtop.steward_holds(number bigint) RETURNS boolean LANGUAGE sql
SET search_path = costtop, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.classid::bigint = (number >> 32) & 4294967295
      AND l.objid::bigint = number & 4294967295
      AND pg_has_role(a.usesysid, 'costtop_steward', 'MEMBER'))
$$;

-- Stands for election, on a connection of its own: `p_pid` is the server process that this login
-- was told to be connected to. Behind a pool that is another one; there the lock would be the
-- pool's, so it is refused. `epoch` is NULL where another one leads: who, and since when.
-- Raises CT005 (behind a pool), 42501 (it reads no team).
CREATE FUNCTION costtop.lead(p_host text, p_lease_ms int, p_pid int,
  OUT epoch bigint, OUT team smallint, OUT host text, OUT since bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp AS $$
#variable_conflict use_column
DECLARE mine smallint[] := my_teams(); one leader; taken bigint[] := '{}'; number bigint;
BEGIN
  IF p_pid IS DISTINCT FROM pg_backend_pid() THEN
    RAISE 'a steward needs a connection of its own, and this one comes through a pool'
      USING ERRCODE = 'CT005';
  ELSIF cardinality(mine) = 0 THEN
    RAISE '% reads no team of this fleet', session_user USING ERRCODE = '42501';
  END IF;
  INSERT INTO leader (team, lock) SELECT t, any_bigint() FROM unnest(mine) t ON CONFLICT DO NOTHING;
  FOR one IN SELECT * FROM leader l WHERE l.team = ANY (mine) ORDER BY l.team FOR UPDATE LOOP
    number := one.lock;
    IF NOT pg_try_advisory_lock(number) THEN
      IF one.until >= now_ms() AND steward_holds(number) THEN
        PERFORM pg_advisory_unlock(each) FROM unnest(taken) each;
        host := one.host; since := one.since; team := one.team;
        RETURN;
      END IF;
      number := any_bigint();
      PERFORM pg_advisory_lock(number);
    END IF;
    taken := taken || number;
  END LOOP;
  epoch := nextval('epochs');
  UPDATE leader l SET epoch = lead.epoch, lock = t.number, host = p_host, role = session_user,
      since = now_ms(), until = now_ms() + p_lease_ms
    FROM (SELECT unnest(mine) AS team, unnest(taken) AS number) t WHERE t.team = l.team;
  SELECT l.team, l.host, l.since INTO team, host, since
    FROM leader l WHERE l.team = ANY (mine) ORDER BY l.team LIMIT 1;
END $$;

CREATE FUNCTION costtop.any_bigint() RETURNS bigint VOLATILE LANGUAGE sql
SET search_path = costtop, pg_temp
AS $$ SELECT ('x' || md5(gen_random_uuid()::text))::bit(64)::bigint $$;

-- The teams that whoever is logged in leads with this epoch: all that it reads, or NULL. They stay
-- its own until the statement that asks has ended.
CREATE FUNCTION costtop.led(p_epoch bigint) RETURNS smallint[] LANGUAGE sql
SET search_path = costtop, pg_temp AS $$
  SELECT array_agg(l.team ORDER BY l.team) FROM (
      SELECT team FROM leader WHERE team = ANY (my_teams()) AND epoch = p_epoch FOR SHARE) l
    HAVING count(*) = cardinality(my_teams()) AND count(*) > 0
$$;

-- Goes on leading for so long; false where another one leads.
CREATE FUNCTION costtop.lead_on(p_epoch bigint, p_lease_ms int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp AS $$
BEGIN
  UPDATE leader l SET until = now_ms() + p_lease_ms
    WHERE l.team = ANY (my_teams()) AND l.epoch = p_epoch;
  RETURN led(p_epoch) IS NOT NULL;
END $$;

-- What the steward writes, all at once: arrays of rows by table. Budgets and guards that are not
-- said any more are gone, rows of others are replaced by their keys. How many rows; 0 where another
-- one leads.
CREATE FUNCTION costtop.stand(p_epoch bigint, said jsonb) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp AS $$
DECLARE mine smallint[] := led(p_epoch); ours jsonb; now bigint := now_ms(); n int := 0; k int;
BEGIN
  IF mine IS NULL THEN
    RETURN 0;
  END IF;
  ours := jsonb_build_object('team', mine[1], 'teams', mine, 'at', now, 'epoch', p_epoch,
                             'host', 0, 'steward_tells', false);
  IF said ? 'budgets' THEN
    DELETE FROM budgets b WHERE b.team = mine[1];
    INSERT INTO budgets SELECT r.* FROM jsonb_array_elements(said -> 'budgets') e,
      jsonb_populate_record(NULL::budgets, e || ours) r;
    GET DIAGNOSTICS k = ROW_COUNT; n := n + k;
  END IF;
  IF said ? 'guards' THEN
    DELETE FROM guards g WHERE g.team = ANY (mine);
    INSERT INTO guards SELECT r.* FROM unnest(mine) t,
      jsonb_array_elements(said -> 'guards') WITH ORDINALITY e(each, nth),
      jsonb_populate_record(NULL::guards,
        e.each || ours || jsonb_build_object('team', t, 'nth', e.nth)) r;
    GET DIAGNOSTICS k = ROW_COUNT; n := n + k;
  END IF;
  DELETE FROM standing s USING jsonb_array_elements(said -> 'standing') e
    WHERE s.team = mine[1] AND s.budget = e ->> 'budget' AND s.period = e ->> 'period';
  INSERT INTO standing SELECT r.* FROM jsonb_array_elements(said -> 'standing') e,
    jsonb_populate_record(NULL::standing, e || ours) r;
  GET DIAGNOSTICS k = ROW_COUNT; n := n + k;
  DELETE FROM alerts a USING jsonb_array_elements(said -> 'alerts') e
    WHERE a.team = mine[1] AND a.host = 0 AND a.ref = e ->> 'ref';
  INSERT INTO alerts SELECT r.* FROM jsonb_array_elements(said -> 'alerts') e,
    jsonb_populate_record(NULL::alerts, e || ours) r;
  GET DIAGNOSTICS k = ROW_COUNT; n := n + k;
  DELETE FROM outbox o USING jsonb_array_elements(said -> 'outbox') e
    WHERE o.team = mine[1] AND o.token = e ->> 'token';
  INSERT INTO outbox SELECT r.* FROM jsonb_array_elements(said -> 'outbox') e,
    jsonb_populate_record(NULL::outbox, e || ours) r;
  GET DIAGNOSTICS k = ROW_COUNT;
  RETURN n + k;
END $$;

-- Takes a letter to send it; false where it is gone already or another one leads. What an earlier
-- leader had taken, and did not mark as sent, is taken again.
CREATE FUNCTION costtop.claim(p_epoch bigint, p_token text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp AS $$
DECLARE mine smallint[] := led(p_epoch);
BEGIN
  UPDATE outbox o SET claimed_by = p_epoch, claimed_at = now_ms()
    WHERE (o.team, o.token) IN (
      SELECT f.team, f.token FROM outbox f
        WHERE f.team = mine[1] AND f.token = p_token AND f.state = 'pending'
        FOR UPDATE SKIP LOCKED);
  RETURN FOUND;
END $$;

-- Marks a letter as sent; false where another one has taken it since.
CREATE FUNCTION costtop.sent(p_epoch bigint, p_token text, p_state text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = costtop, pg_temp AS $$
DECLARE mine smallint[] := led(p_epoch);
BEGIN
  UPDATE outbox o SET state = p_state, sent_at = now_ms(), attempts = o.attempts + 1, error = ''
    WHERE o.team = mine[1] AND o.token = p_token AND o.state = 'pending'
      AND o.claimed_by = p_epoch;
  RETURN FOUND;
END $$;

-- What the hosts of a team keep to, in words for `news`; times are from now on, for clocks differ.
CREATE FUNCTION costtop.guards_of(of_team smallint) RETURNS jsonb STABLE LANGUAGE sql
SET search_path = costtop, pg_temp AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('budget', g.budget, 'period', g.period,
      'share', g.share, 'action', g.action, 'scope', g.scope, 'excepted', g.excepted,
      'escalate', g.escalate, 'offline', g.offline, 'why', g.why, 'open', g.opened IS NOT NULL,
      'confirmed', g.confirmed IS NOT NULL, 'until_in_ms', g.until - n.ms, 'age_ms', n.ms - g.at)
      ORDER BY g.nth), '[]')
    FROM guards g, (SELECT now_ms() AS ms) n WHERE g.team = of_team
$$;

-- All that a host has to know besides how far its batches were taken.
CREATE OR REPLACE FUNCTION costtop.news(of costtop.hosts) RETURNS jsonb STABLE LANGUAGE plpgsql
SET search_path = costtop, pg_temp AS $$
BEGIN
  RETURN jsonb_build_object('commands', commands_for(of), 'guards', guards_of(of.team));
END $$;

DO $$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['leader', 'budgets', 'standing', 'guards', 'alerts', 'outbox'] LOOP
    EXECUTE format('ALTER TABLE costtop.%I ENABLE ROW LEVEL SECURITY,'
                   ' FORCE ROW LEVEL SECURITY', one);
    EXECUTE format('CREATE POLICY owner ON costtop.%I TO costtop_owner USING (true)', one);
  END LOOP;
  FOREACH one IN ARRAY ARRAY['budgets', 'standing', 'alerts', 'outbox'] LOOP
    EXECUTE format('CREATE POLICY reader ON costtop.%I FOR SELECT TO costtop_reader'
                   ' USING (teams <@ (SELECT costtop.my_teams())::smallint[])', one);
    EXECUTE format('GRANT SELECT ON costtop.%I TO costtop_reader', one);
  END LOOP;
  FOREACH one IN ARRAY ARRAY['leader', 'guards'] LOOP
    EXECUTE format('CREATE POLICY reader ON costtop.%I FOR SELECT TO costtop_reader'
                   ' USING (team = ANY ((SELECT costtop.my_teams())::smallint[]))', one);
  END LOOP;
END $$;
GRANT SELECT (team, epoch, host, role, since, until) ON costtop.leader TO costtop_reader;
GRANT SELECT ON costtop.guards TO costtop_reader;
GRANT EXECUTE ON FUNCTION costtop.lead, costtop.lead_on, costtop.stand, costtop.claim, costtop.sent
  TO costtop_steward;
