-- The ledger: entries nobody can change, the answers already given, the places counted, the read models.
-- Run by `ardoise migrate` as the owner. The service runs as ardoise_app.

CREATE SCHEMA IF NOT EXISTS ardoise;
CREATE SCHEMA demande_numbers;

DO $$
DECLARE
    wanted text;
BEGIN
    -- Roles belong to the whole server: another database may be creating them at this very moment.
    FOREACH wanted IN ARRAY ARRAY['ardoise_app', 'ardoise_auditor'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN', wanted);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA ardoise TO ardoise_app, ardoise_auditor;

-- What happened ------------------------------------------------------------------------------------------------

CREATE TABLE ardoise.entries (
    commune text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    type text NOT NULL,
    recorded_at timestamptz NOT NULL,
    stored bytea NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (commune, stream, version),
    CHECK (split_part(stream, '/', 2) = commune)
);
COMMENT ON TABLE ardoise.entries IS 'One row an entry. stored: the canonical JSON that was hashed; digest: its SHA-256.';

CREATE FUNCTION ardoise.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the entries of the ledger are never changed or removed' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER entries_are_never_changed BEFORE UPDATE OR DELETE ON ardoise.entries
    FOR EACH ROW EXECUTE FUNCTION ardoise.refuse_change();
CREATE TRIGGER entries_are_never_emptied BEFORE TRUNCATE ON ardoise.entries
    FOR EACH STATEMENT EXECUTE FUNCTION ardoise.refuse_change();
-- ALWAYS: they also run for a session that says it is a replica.
ALTER TABLE ardoise.entries ENABLE ALWAYS TRIGGER entries_are_never_changed;
ALTER TABLE ardoise.entries ENABLE ALWAYS TRIGGER entries_are_never_emptied;

CREATE TABLE ardoise.snapshots (
    commune text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    fold integer NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (commune, stream)
);

-- The answers already given: the same key always gets the same one ----------------------------------------------

CREATE TABLE ardoise.answers (
    commune text NOT NULL,
    client text NOT NULL,
    subject text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    command text NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (commune, client, subject, key)
);

-- The places of each slot, counted in the transaction that takes them -------------------------------------------

CREATE TABLE ardoise.places (
    commune text NOT NULL,
    activity text NOT NULL,
    unit text NOT NULL,
    day date NOT NULL,
    pool text NOT NULL,
    taken integer NOT NULL DEFAULT 0 CHECK (taken >= 0),
    capacity integer CHECK (capacity >= 0),
    is_set boolean NOT NULL DEFAULT false,
    PRIMARY KEY (commune, activity, unit, day, pool)
);
COMMENT ON COLUMN ardoise.places.capacity IS 'NULL: no limit. The rulebook''s as of the last claim, unless the town set it (is_set).';

-- Read models ---------------------------------------------------------------------------------------------------

CREATE TABLE ardoise.children (
    commune text NOT NULL,
    child text NOT NULL,
    household text NOT NULL,
    PRIMARY KEY (commune, child)
);
CREATE INDEX children_by_household ON ardoise.children (commune, household);

CREATE TABLE ardoise.guardians (
    commune text NOT NULL,
    household text NOT NULL,
    guardian text NOT NULL,
    subject text NOT NULL,
    PRIMARY KEY (commune, household, guardian, subject)
);
CREATE INDEX guardians_by_subject ON ardoise.guardians (commune, subject);
COMMENT ON COLUMN ardoise.guardians.subject IS 'Empty while no account is linked.';

CREATE TABLE ardoise.enrolments (
    commune text NOT NULL,
    child text NOT NULL,
    enrolment text NOT NULL,
    activity text NOT NULL,
    site text,
    child_group text,
    first_day date NOT NULL,
    last_day date NOT NULL,
    PRIMARY KEY (commune, child, enrolment)
);

CREATE TABLE ardoise.calendar_days (
    commune text NOT NULL,
    child text NOT NULL,
    day date NOT NULL,
    activity text NOT NULL,
    unit text NOT NULL,
    state text NOT NULL,
    demande bigint NOT NULL,
    household text NOT NULL,
    absence text,
    site text,
    child_group text,
    PRIMARY KEY (commune, child, day, activity, unit)
);
CREATE INDEX calendar_days_by_activity ON ardoise.calendar_days (commune, activity, day);

CREATE TABLE ardoise.attendance (
    commune text NOT NULL,
    child text NOT NULL,
    day date NOT NULL,
    activity text NOT NULL,
    unit text NOT NULL,
    presence text NOT NULL,
    arrived_at timestamptz,
    left_at timestamptz,
    PRIMARY KEY (commune, child, day, activity, unit)
);
CREATE INDEX attendance_by_activity ON ardoise.attendance (commune, activity, day);

CREATE TABLE ardoise.demandes (
    commune text NOT NULL,
    number bigint NOT NULL,
    child text NOT NULL,
    household text NOT NULL,
    activity text NOT NULL,
    kind text NOT NULL,
    origin text NOT NULL,
    status text NOT NULL,
    derogation text,
    reason text,
    document text,
    submitted_at timestamptz NOT NULL,
    decided_at timestamptz,
    first_day date NOT NULL,
    last_day date NOT NULL,
    days jsonb NOT NULL,
    PRIMARY KEY (commune, number)
);
CREATE INDEX demandes_by_child ON ardoise.demandes (commune, child, submitted_at DESC, number DESC);
CREATE INDEX demandes_by_household ON ardoise.demandes (commune, household, submitted_at DESC, number DESC);
CREATE INDEX demandes_by_time ON ardoise.demandes (commune, submitted_at DESC, number DESC);
CREATE INDEX demandes_waiting ON ardoise.demandes (commune, submitted_at, number) WHERE status = 'en_cours';

CREATE TABLE ardoise.rulebooks (
    commune text NOT NULL,
    ordinal bigint NOT NULL,
    version text NOT NULL,
    in_force_from date NOT NULL,
    adopted_at timestamptz NOT NULL,
    digest text NOT NULL,
    content text NOT NULL,
    PRIMARY KEY (commune, version)
);

CREATE TABLE ardoise.closures (
    commune text NOT NULL,
    day date NOT NULL,
    activity text NOT NULL,
    site text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (commune, day, activity, site)
);
COMMENT ON TABLE ardoise.closures IS 'An empty activity or site stands for every one.';

-- One town never sees another ------------------------------------------------------------------------------------

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['entries', 'snapshots', 'answers', 'places', 'children', 'guardians', 'enrolments',
                                  'calendar_days', 'attendance', 'demandes', 'rulebooks', 'closures'] LOOP
        EXECUTE format('ALTER TABLE ardoise.%I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE ardoise.%I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY one_town ON ardoise.%I USING (commune = current_setting(''ardoise.commune'', true))
                        WITH CHECK (commune = current_setting(''ardoise.commune'', true))', tenant);
        EXECUTE format('GRANT SELECT ON ardoise.%I TO ardoise_app, ardoise_auditor', tenant);
    END LOOP;
    FOREACH tenant IN ARRAY ARRAY['children', 'guardians', 'enrolments', 'calendar_days', 'attendance', 'demandes',
                                  'rulebooks', 'closures'] LOOP
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON ardoise.%I TO ardoise_app', tenant);
    END LOOP;
END $$;

GRANT INSERT ON ardoise.entries, ardoise.answers TO ardoise_app;
GRANT INSERT, UPDATE ON ardoise.snapshots, ardoise.places TO ardoise_app;
