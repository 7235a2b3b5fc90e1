-- Behind the seal: read models that follow the sealed positions, what could not be followed, what was found to differ.

-- How far each read model that follows the seal has come in each town.
CREATE TABLE ardoise.followed (
    model text NOT NULL,
    commune text NOT NULL,
    position bigint NOT NULL DEFAULT 0 CHECK (position >= 0),
    PRIMARY KEY (model, commune)
);

-- Which version of each read model its rows were made by. A missing line: version 1, or rows made as they came.
CREATE TABLE ardoise.read_models (
    model text PRIMARY KEY,
    version integer NOT NULL CHECK (version > 0),
    built_at timestamptz NOT NULL
);

-- Every state a demande was in: the row of `demandes`, known from one instant until another.
CREATE TABLE ardoise.demande_versions (
    LIKE ardoise.demandes,
    line bigint NOT NULL,
    stream text NOT NULL,
    known_from timestamptz NOT NULL,
    known_until timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (commune, number, line)
);
CREATE INDEX demande_versions_by_time ON ardoise.demande_versions (commune, submitted_at DESC, number DESC);
CREATE INDEX demande_versions_waiting ON ardoise.demande_versions (commune, submitted_at, number)
    WHERE status = 'en_cours';
CREATE INDEX demande_versions_by_stream ON ardoise.demande_versions (commune, stream);
COMMENT ON COLUMN ardoise.demande_versions.line IS 'The line of the page (stream) that made the demande so.';

-- How each line changed the places that are taken.
CREATE TABLE ardoise.place_changes (
    commune text NOT NULL,
    activity text NOT NULL,
    unit text NOT NULL,
    day date NOT NULL,
    pool text NOT NULL,
    stream text NOT NULL,
    line bigint NOT NULL,
    known_at timestamptz NOT NULL,
    delta integer NOT NULL CHECK (delta <> 0),
    PRIMARY KEY (commune, activity, day, unit, pool, stream, line)
);
CREATE INDEX place_changes_by_stream ON ardoise.place_changes (commune, stream);

-- Which children were ever of a household, those who left included.
CREATE TABLE ardoise.household_children (
    commune text NOT NULL,
    household text NOT NULL,
    child text NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (commune, household, child)
);

-- Pages a read model could not follow: set aside and tried again, while the others go on.
CREATE TABLE ardoise.parked (
    model text NOT NULL,
    commune text NOT NULL,
    stream text NOT NULL,
    line bigint NOT NULL,
    error text NOT NULL,
    tries integer NOT NULL CHECK (tries > 0),
    parked_at timestamptz NOT NULL,
    next_try_at timestamptz NOT NULL,
    PRIMARY KEY (model, commune, stream)
);
COMMENT ON COLUMN ardoise.parked.line IS 'The first line that was not followed.';
COMMENT ON COLUMN ardoise.parked.error IS 'The kind of the error, never its message: that could quote a family.';

-- Rows that were found not to be what the facts say, while the service ran.
CREATE TABLE ardoise.drift (
    commune text NOT NULL,
    stream text NOT NULL,
    what text NOT NULL,
    place text NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (commune, stream, what, place)
);

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['followed', 'demande_versions', 'place_changes', 'household_children', 'parked',
                                  'drift'] LOOP
        EXECUTE format('ALTER TABLE ardoise.%I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE ardoise.%I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY one_town ON ardoise.%I USING (commune = current_setting(''ardoise.commune'', true))
                        WITH CHECK (commune = current_setting(''ardoise.commune'', true))', tenant);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ardoise.%I TO ardoise_app', tenant);
        EXECUTE format('GRANT SELECT ON ardoise.%I TO ardoise_auditor', tenant);
    END LOOP;
END $$;
GRANT SELECT ON ardoise.read_models TO ardoise_app, ardoise_auditor;

-- How each town does behind the seal: its sealed lines, those a read model followed, the pages set aside, the rows found
-- to differ. One question for whoever watches them all.
CREATE FUNCTION ardoise.behind(p_model text)
RETURNS TABLE (commune text, sealed bigint, followed bigint, parked bigint, drifted bigint) LANGUAGE plpgsql AS $$
DECLARE
    town record;
BEGIN
    FOR town IN SELECT t.commune, t.size FROM ardoise.trees t ORDER BY t.commune LOOP
        PERFORM set_config('ardoise.commune', town.commune, true);
        RETURN QUERY SELECT town.commune, town.size,
            coalesce((SELECT f.position FROM ardoise.followed f
                      WHERE f.model = p_model AND f.commune = town.commune), 0),
            (SELECT count(*) FROM ardoise.parked p WHERE p.model = p_model AND p.commune = town.commune),
            (SELECT count(*) FROM ardoise.drift d WHERE d.commune = town.commune);
    END LOOP;
    PERFORM set_config('ardoise.commune', '', true);
END $$;
REVOKE ALL ON FUNCTION ardoise.behind FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ardoise.behind TO ardoise_app, ardoise_auditor;

-- The pages a demande of an activity and a day may stand on: what the past of a day is folded from.
CREATE INDEX demandes_by_activity ON ardoise.demandes (commune, activity, first_day, last_day);
