-- Who read what of a family, when, for which purpose: beside the ledger, without content, and for a time only.

CREATE SCHEMA access;
GRANT USAGE ON SCHEMA access TO ardoise_app, ardoise_auditor;

CREATE TABLE access.reads (
    commune text NOT NULL,
    read_at timestamptz NOT NULL,
    line uuid NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    client text NOT NULL,
    operation text NOT NULL,
    purpose text NOT NULL,
    about text[] NOT NULL,
    correlation text NOT NULL,
    PRIMARY KEY (commune, read_at, line)
);
COMMENT ON TABLE access.reads IS 'One row an answered read. Identifiers only: no value that was asked or answered.';
COMMENT ON COLUMN access.reads.line IS 'Named by the service: a line that is sent again is kept once.';
COMMENT ON COLUMN access.reads.about IS 'The children, the households and the persons the answer showed something of.';

-- The same, by whom a read is about. An index on the array would never be used: the operators of arrays are not
-- leakproof, so that PostgreSQL asks the policy of each row of the town first.
CREATE TABLE access.seen (
    commune text NOT NULL,
    person text NOT NULL,
    read_at timestamptz NOT NULL,
    line uuid NOT NULL,
    PRIMARY KEY (commune, person, read_at, line)
);
COMMENT ON COLUMN access.seen.person IS 'A child, a household or a person.';

CREATE TABLE access.towns (commune text PRIMARY KEY);
COMMENT ON TABLE access.towns IS 'The towns that have a log: those to purge when none is named. Nothing of a family.';

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['reads', 'seen'] LOOP
        EXECUTE format('ALTER TABLE access.%I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE access.%I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY one_town ON access.%I USING (commune = current_setting(''ardoise.commune'', true))
                        WITH CHECK (commune = current_setting(''ardoise.commune'', true))', tenant);
    END LOOP;
END $$;
GRANT SELECT, INSERT ON access.reads, access.seen, access.towns TO ardoise_app;
GRANT SELECT ON access.reads, access.seen, access.towns TO ardoise_auditor;

-- Lines that are past their time, p_most of them at a time; how many went. The only way out of the log, and never
-- within six months, whoever asks.
CREATE FUNCTION access.purge(p_commune text, p_before timestamptz, p_most integer DEFAULT 2000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    -- A day of margin: the clock of whoever asks is not that of the server.
    IF p_before > clock_timestamp() - interval '6 months' + interval '1 day' THEN
        RAISE EXCEPTION 'the access log is kept for six months at least' USING ERRCODE = 'restrict_violation';
    END IF;
    -- The policies hold the owner of the tables too.
    PERFORM set_config('ardoise.commune', p_commune, true);
    WITH old AS (
        SELECT r.read_at, r.line, r.about FROM access.reads r
        WHERE r.commune = p_commune AND r.read_at < p_before ORDER BY r.read_at LIMIT p_most
    ), of_persons AS (
        DELETE FROM access.seen s USING old, unnest(old.about) AS a (person)
        WHERE (s.commune, s.person, s.read_at, s.line) = (p_commune, a.person, old.read_at, old.line)
    ), lines AS (
        DELETE FROM access.reads r USING old
        WHERE (r.commune, r.read_at, r.line) = (p_commune, old.read_at, old.line) RETURNING 1
    )
    SELECT count(*) INTO gone FROM lines;
    RETURN gone;
END $$;

-- What an auditor reads from the command line leaves its line too, though they may write nothing else.
CREATE FUNCTION access.note(
    p_commune text, p_line uuid, p_actor text, p_operation text, p_purpose text, p_about text[], p_correlation text
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p_read_at timestamptz := clock_timestamp();
BEGIN
    PERFORM set_config('ardoise.commune', p_commune, true);
    INSERT INTO access.towns VALUES (p_commune) ON CONFLICT DO NOTHING;
    INSERT INTO access.reads
    VALUES (p_commune, p_read_at, p_line, p_actor, 'auditor', 'ardoise-cli', p_operation, p_purpose, p_about,
            p_correlation);
    INSERT INTO access.seen SELECT DISTINCT p_commune, a.person, p_read_at, p_line FROM unnest(p_about) AS a (person);
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA access FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.purge TO ardoise_app;
GRANT EXECUTE ON FUNCTION access.note TO ardoise_auditor;
