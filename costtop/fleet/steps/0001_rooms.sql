-- Roles, the schema and its one row of facts. Roles belong to the whole server, so another database
-- may have made them before. Who runs this needs CREATEROLE and CREATE on the database, no more.

DO $$
DECLARE one text; able boolean;
BEGIN
  FOREACH one IN ARRAY ARRAY['costtop_owner', 'costtop_host', 'costtop_reader', 'costtop_operator',
                             'costtop_steward'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = one) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', one);
    END IF;
  END LOOP;
  -- From PostgreSQL 16 on, who makes a role may grant it, and is not yet able to act as it.
  IF current_setting('server_version_num')::int < 160000 THEN
    able := pg_has_role(current_user, 'costtop_owner', 'MEMBER');
  ELSE
    able := pg_has_role(current_user, 'costtop_owner', 'SET')
        AND pg_has_role(current_user, 'costtop_owner', 'USAGE');
  END IF;
  IF NOT able THEN
    EXECUTE format('GRANT costtop_owner TO %I', current_user);
  END IF;
  -- Where the database is costtop's own, nobody finds anything in `public`. What others share is
  -- left alone: nothing of costtop stands there, and no function of it ever looks there.
  IF NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace)
     AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = 'public'::regnamespace)
     AND EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public'
                 AND pg_has_role(current_user, nspowner, 'USAGE')) THEN
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
  END IF;
END $$;

CREATE SCHEMA costtop AUTHORIZATION costtop_owner;

SET LOCAL ROLE costtop_owner;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE TABLE costtop.meta (
  one          boolean PRIMARY KEY DEFAULT true CHECK (one),
  version      int     NOT NULL,              -- steps that were applied
  minutes_from int     NOT NULL DEFAULT 0     -- earlier minutes were dropped, and are not kept anew
);
INSERT INTO costtop.meta (version) VALUES (0);
