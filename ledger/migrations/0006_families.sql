-- Families: who answers for whom, whose day it is, what they ask for; and what goes into the vault with the facts.

-- A child is of one household or of two.
ALTER TABLE ardoise.children DROP CONSTRAINT children_pkey;
ALTER TABLE ardoise.children ADD PRIMARY KEY (commune, child, household);
ALTER TABLE ardoise.children ADD COLUMN custody boolean NOT NULL DEFAULT false;
ALTER TABLE ardoise.children ADD COLUMN erased boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN ardoise.children.custody IS 'Alternating custody was agreed once: each household reads its own demandes only.';

-- One row a guardian, with the account that speaks for them if there is one.
ALTER TABLE ardoise.guardians DROP CONSTRAINT guardians_pkey;
ALTER TABLE ardoise.guardians ADD PRIMARY KEY (commune, household, guardian);
ALTER TABLE ardoise.guardians ADD COLUMN place integer NOT NULL DEFAULT 0;
ALTER TABLE ardoise.guardians ADD COLUMN holder boolean NOT NULL DEFAULT false;
ALTER TABLE ardoise.guardians ADD COLUMN standing text NOT NULL DEFAULT 'active';
COMMENT ON COLUMN ardoise.guardians.standing IS 'active, suspended or account_suspended: the account opens something only when active.';

ALTER TABLE ardoise.demandes ALTER COLUMN child DROP NOT NULL;
ALTER TABLE ardoise.demandes ALTER COLUMN activity DROP NOT NULL;
ALTER TABLE ardoise.demandes ALTER COLUMN first_day DROP NOT NULL;
ALTER TABLE ardoise.demandes ALTER COLUMN last_day DROP NOT NULL;
ALTER TABLE ardoise.demandes ADD COLUMN documents text[] NOT NULL DEFAULT '{}';
ALTER TABLE ardoise.demandes ADD COLUMN wanted jsonb;
ALTER TABLE ardoise.demandes ADD COLUMN refusal text;

-- What was kept before has its place in the new columns. The owner is held by the rows' policies too: set aside here.
ALTER TABLE ardoise.entries NO FORCE ROW LEVEL SECURITY;
ALTER TABLE ardoise.guardians NO FORCE ROW LEVEL SECURITY;
ALTER TABLE ardoise.demandes NO FORCE ROW LEVEL SECURITY;
UPDATE ardoise.guardians g SET place = added.place, holder = added.place = 1
FROM (
    SELECT e.commune, split_part(e.stream, '/', 3) AS household,
           convert_from(e.stored, 'UTF8')::jsonb #>> '{fact,guardian}' AS guardian,
           row_number() OVER (PARTITION BY e.commune, e.stream ORDER BY e.version) AS place
    FROM ardoise.entries e WHERE e.type = 'guardian_added.v1'
) added
WHERE (g.commune, g.household, g.guardian) = (added.commune, added.household, added.guardian);
UPDATE ardoise.demandes SET documents = ARRAY[document] WHERE document IS NOT NULL;
ALTER TABLE ardoise.entries FORCE ROW LEVEL SECURITY;
ALTER TABLE ardoise.guardians FORCE ROW LEVEL SECURITY;
ALTER TABLE ardoise.demandes FORCE ROW LEVEL SECURITY;

CREATE TABLE ardoise.household_people (
    commune text NOT NULL,
    household text NOT NULL,
    person text NOT NULL,
    role text NOT NULL,
    collects boolean NOT NULL,
    PRIMARY KEY (commune, household, person)
);
COMMENT ON TABLE ardoise.household_people IS 'Members and contacts. collects: a contact who may collect the children.';

CREATE TABLE ardoise.erased_people (
    commune text NOT NULL,
    person text NOT NULL,
    erased_at timestamptz NOT NULL,
    agreement text NOT NULL,
    agreed_by text NOT NULL,
    agreed_on date NOT NULL,
    PRIMARY KEY (commune, person)
);
CREATE INDEX erased_people_by_time ON ardoise.erased_people (commune, erased_at, person);

CREATE TABLE ardoise.family_keys (
    commune text NOT NULL,
    key text NOT NULL,
    household text NOT NULL,
    digest text NOT NULL,
    guardian text,
    uses integer NOT NULL,
    used integer NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked boolean NOT NULL,
    PRIMARY KEY (commune, key)
);
CREATE INDEX family_keys_by_digest ON ardoise.family_keys (commune, digest);
CREATE INDEX family_keys_by_household ON ardoise.family_keys (commune, household, issued_at);

CREATE TABLE ardoise.quotients (
    commune text NOT NULL,
    household text NOT NULL,
    ordinal bigint NOT NULL,
    first_day date NOT NULL,
    amount_cents bigint NOT NULL,
    source text NOT NULL,
    demande bigint,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (commune, household, ordinal)
);

CREATE TABLE ardoise.custody (
    commune text NOT NULL,
    child text NOT NULL,
    ordinal bigint NOT NULL,
    type text NOT NULL,
    statement jsonb NOT NULL,
    stated_at timestamptz NOT NULL,
    PRIMARY KEY (commune, child, ordinal)
);
COMMENT ON TABLE ardoise.custody IS 'Whose day it is, in the order it was said (ordinal: the line of the page).';

CREATE TABLE ardoise.activations (
    commune text NOT NULL,
    activation text NOT NULL,
    subject text NOT NULL,
    requested_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    status text NOT NULL,
    decided_at timestamptz,
    household text,
    guardian text,
    reason text,
    PRIMARY KEY (commune, activation)
);
CREATE INDEX activations_waiting ON ardoise.activations (commune, due_at, activation) WHERE status = 'waiting';
CREATE INDEX activations_by_subject ON ardoise.activations (commune, subject);

-- Attempts at a Clé Enfance: counted before the key is looked at, so that nobody can try them all.
CREATE TABLE ardoise.key_attempts (
    commune text NOT NULL,
    subject text NOT NULL,
    attempt text NOT NULL,
    tried_at timestamptz NOT NULL,
    PRIMARY KEY (commune, subject, attempt)
);

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['household_people', 'erased_people', 'family_keys', 'quotients', 'custody',
                                  'activations', 'key_attempts'] LOOP
        EXECUTE format('ALTER TABLE ardoise.%I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE ardoise.%I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY one_town ON ardoise.%I USING (commune = current_setting(''ardoise.commune'', true))
                        WITH CHECK (commune = current_setting(''ardoise.commune'', true))', tenant);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ardoise.%I TO ardoise_app', tenant);
        EXECUTE format('GRANT SELECT ON ardoise.%I TO ardoise_auditor', tenant);
    END LOOP;
END $$;

-- Whether an account may try a key now: at most p_most tries since p_since, those of one command counted once. A command
-- that was answered is not tried again: it gets its answer.
CREATE FUNCTION ardoise.try_key(p_commune text, p_client text, p_subject text, p_key text, p_fingerprint bytea,
                                p_attempt text, p_at timestamptz, p_since timestamptz, p_most integer)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ardoise.commune', p_commune, true);
    IF EXISTS (SELECT FROM ardoise.answers a
               WHERE a.commune = p_commune AND a.client = p_client AND a.subject = p_subject AND a.key = p_key
                   AND a.fingerprint = p_fingerprint) THEN
        RETURN true;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(p_commune || ' ' || p_subject, 6172));
    DELETE FROM ardoise.key_attempts a WHERE a.commune = p_commune AND a.subject = p_subject AND a.tried_at < p_since;
    IF EXISTS (SELECT FROM ardoise.key_attempts a
               WHERE a.commune = p_commune AND a.subject = p_subject AND a.attempt = p_attempt) THEN
        RETURN true;
    END IF;
    IF (SELECT count(*) FROM ardoise.key_attempts a WHERE a.commune = p_commune AND a.subject = p_subject) >= p_most THEN
        RETURN false;
    END IF;
    INSERT INTO ardoise.key_attempts VALUES (p_commune, p_subject, p_attempt, p_at);
    RETURN true;
END $$;

-- Puts and drops rows of the read models. p_rows: {"table": {"put": [row, …], "drop": [key, …]}, …}.
CREATE OR REPLACE FUNCTION ardoise.change_rows(p_rows jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_rows ? 'children' THEN
        IF p_rows #> '{children,drop}' <> '[]' THEN
            DELETE FROM ardoise.children t
            USING jsonb_populate_recordset(NULL::ardoise.children, p_rows #> '{children,drop}') d
            WHERE (t.commune, t.child, t.household) = (d.commune, d.child, d.household);
        END IF;
        INSERT INTO ardoise.children
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.children, p_rows #> '{children,put}')
        ON CONFLICT (commune, child, household) DO UPDATE SET
            custody = excluded.custody, erased = excluded.erased;
    END IF;
    IF p_rows ? 'guardians' THEN
        IF p_rows #> '{guardians,drop}' <> '[]' THEN
            DELETE FROM ardoise.guardians t
            USING jsonb_populate_recordset(NULL::ardoise.guardians, p_rows #> '{guardians,drop}') d
            WHERE (t.commune, t.household, t.guardian) = (d.commune, d.household, d.guardian);
        END IF;
        INSERT INTO ardoise.guardians
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.guardians, p_rows #> '{guardians,put}')
        ON CONFLICT (commune, household, guardian) DO UPDATE SET
            place = excluded.place, holder = excluded.holder, subject = excluded.subject,
            standing = excluded.standing;
    END IF;
    IF p_rows ? 'household_people' THEN
        IF p_rows #> '{household_people,drop}' <> '[]' THEN
            DELETE FROM ardoise.household_people t
            USING jsonb_populate_recordset(NULL::ardoise.household_people, p_rows #> '{household_people,drop}') d
            WHERE (t.commune, t.household, t.person) = (d.commune, d.household, d.person);
        END IF;
        INSERT INTO ardoise.household_people
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.household_people, p_rows #> '{household_people,put}')
        ON CONFLICT (commune, household, person) DO UPDATE SET
            role = excluded.role, collects = excluded.collects;
    END IF;
    IF p_rows ? 'erased_people' THEN
        INSERT INTO ardoise.erased_people
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.erased_people, p_rows #> '{erased_people,put}')
        ON CONFLICT (commune, person) DO NOTHING;
    END IF;
    IF p_rows ? 'family_keys' THEN
        INSERT INTO ardoise.family_keys
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.family_keys, p_rows #> '{family_keys,put}')
        ON CONFLICT (commune, key) DO UPDATE SET
            used = excluded.used, revoked = excluded.revoked;
    END IF;
    IF p_rows ? 'quotients' THEN
        INSERT INTO ardoise.quotients
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.quotients, p_rows #> '{quotients,put}')
        ON CONFLICT (commune, household, ordinal) DO NOTHING;
    END IF;
    IF p_rows ? 'custody' THEN
        INSERT INTO ardoise.custody
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.custody, p_rows #> '{custody,put}')
        ON CONFLICT (commune, child, ordinal) DO NOTHING;
    END IF;
    IF p_rows ? 'activations' THEN
        INSERT INTO ardoise.activations
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.activations, p_rows #> '{activations,put}')
        ON CONFLICT (commune, activation) DO UPDATE SET
            status = excluded.status, decided_at = excluded.decided_at, household = excluded.household,
            guardian = excluded.guardian, reason = excluded.reason;
    END IF;
    IF p_rows ? 'enrolments' THEN
        INSERT INTO ardoise.enrolments
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.enrolments, p_rows #> '{enrolments,put}')
        ON CONFLICT (commune, child, enrolment) DO UPDATE SET
            activity = excluded.activity, site = excluded.site, child_group = excluded.child_group,
            first_day = excluded.first_day, last_day = excluded.last_day;
    END IF;
    IF p_rows ? 'calendar_days' THEN
        IF p_rows #> '{calendar_days,drop}' <> '[]' THEN
            DELETE FROM ardoise.calendar_days t
            USING jsonb_populate_recordset(NULL::ardoise.calendar_days, p_rows #> '{calendar_days,drop}') d
            WHERE (t.commune, t.child, t.day, t.activity, t.unit) = (d.commune, d.child, d.day, d.activity, d.unit);
        END IF;
        INSERT INTO ardoise.calendar_days
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.calendar_days, p_rows #> '{calendar_days,put}')
        ON CONFLICT (commune, child, day, activity, unit) DO UPDATE SET
            state = excluded.state, demande = excluded.demande, household = excluded.household,
            absence = excluded.absence, site = excluded.site, child_group = excluded.child_group;
    END IF;
    IF p_rows ? 'attendance' THEN
        INSERT INTO ardoise.attendance
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.attendance, p_rows #> '{attendance,put}')
        ON CONFLICT (commune, child, day, activity, unit) DO UPDATE SET
            presence = excluded.presence, arrived_at = excluded.arrived_at, left_at = excluded.left_at;
    END IF;
    IF p_rows ? 'demandes' THEN
        INSERT INTO ardoise.demandes
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.demandes, p_rows #> '{demandes,put}')
        ON CONFLICT (commune, number) DO UPDATE SET
            kind = excluded.kind, status = excluded.status, derogation = excluded.derogation,
            decided_at = excluded.decided_at, first_day = excluded.first_day, last_day = excluded.last_day,
            days = excluded.days, refusal = excluded.refusal;
    END IF;
    IF p_rows ? 'rulebooks' THEN
        INSERT INTO ardoise.rulebooks
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.rulebooks, p_rows #> '{rulebooks,put}')
        ON CONFLICT (commune, version) DO NOTHING;
    END IF;
    IF p_rows ? 'closures' THEN
        IF p_rows #> '{closures,drop}' <> '[]' THEN
            DELETE FROM ardoise.closures t
            USING jsonb_populate_recordset(NULL::ardoise.closures, p_rows #> '{closures,drop}') d
            WHERE (t.commune, t.day, t.activity, t.site) = (d.commune, d.day, d.activity, d.site);
        END IF;
        INSERT INTO ardoise.closures
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.closures, p_rows #> '{closures,put}')
        ON CONFLICT (commune, day, activity, site) DO UPDATE SET reason = excluded.reason;
    END IF;
END $$;

-- The append, with what goes into the vault in the same transaction. Besides what it raised before: AR003, when
-- somebody was erased since the bytes were sealed.
DROP FUNCTION ardoise.append;
CREATE FUNCTION ardoise.append(
    p_commune text, p_client text, p_subject text, p_key text, p_fingerprint bytea, p_command text, p_at timestamptz,
    p_status integer, p_headers jsonb, p_body bytea,
    p_claims jsonb, p_capacities jsonb,
    p_streams text[], p_versions bigint[], p_types text[], p_stored bytea[], p_digests bytea[], p_previous bytea[],
    p_rows jsonb, p_vault jsonb, p_blobs bytea[]
) RETURNS TABLE (replayed boolean, fingerprint bytea, status integer, headers jsonb, body bytea) LANGUAGE plpgsql AS $$
DECLARE
    full_slots jsonb;
BEGIN
    PERFORM set_config('ardoise.commune', p_commune, true);
    INSERT INTO ardoise.answers
    VALUES (p_commune, p_client, p_subject, p_key, p_fingerprint, p_command, p_status, p_headers, p_body, p_at)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN QUERY SELECT true, a.fingerprint, a.status, a.headers, a.body FROM ardoise.answers a
            WHERE a.commune = p_commune AND a.client = p_client AND a.subject = p_subject AND a.key = p_key;
        RETURN;
    END IF;
    -- Entries before places: whoever read an older page hears of it before anything is said of places that may have
    -- moved since, and a disputed slot is locked for the shortest time.
    INSERT INTO ardoise.entries (commune, stream, version, type, recorded_at, stored, digest)
    SELECT p_commune, e.stream, e.version, e.type, p_at, e.stored, e.digest
    FROM unnest(p_streams, p_versions, p_types, p_stored, p_digests) AS e (stream, version, type, stored, digest)
    ORDER BY e.stream COLLATE "C", e.version;  -- one order for everybody, so that two families of siblings never cross
    IF EXISTS (
        SELECT FROM unnest(p_streams, p_versions, p_previous) AS e (stream, version, previous)
        WHERE e.version > 1 AND NOT EXISTS (
            SELECT FROM ardoise.entries k WHERE k.commune = p_commune AND k.stream = e.stream
                AND k.version = e.version - 1 AND k.digest = e.previous)
    ) THEN
        -- Whoever decided had read lines that are not there: a standby that was behind took over.
        RAISE EXCEPTION 'a line would follow another than the one it names' USING ERRCODE = 'AR002';
    END IF;
    IF p_claims <> '[]' THEN
        full_slots := ardoise.claim_places(p_commune, p_claims);
        IF full_slots <> '[]' THEN
            RAISE EXCEPTION '%', full_slots USING ERRCODE = 'AR001';
        END IF;
    END IF;
    IF p_capacities <> '[]' THEN
        PERFORM ardoise.set_capacities(p_commune, p_capacities);
    END IF;
    IF p_rows <> '{}' THEN
        PERFORM ardoise.change_rows(p_rows);
    END IF;
    IF p_vault <> '[]' THEN
        PERFORM vault.change(p_commune, p_at, p_vault, p_blobs);
    END IF;
    RETURN QUERY SELECT false, p_fingerprint, p_status, p_headers, p_body;
END $$;

REVOKE ALL ON FUNCTION ardoise.append, ardoise.try_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ardoise.append, ardoise.try_key TO ardoise_app;
