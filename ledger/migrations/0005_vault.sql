-- The vault: what names somebody, sealed with a key of that person's own. Beside the ledger, never in it.
-- The keys of persons are wrapped by a key that is not in the database (docs/privacy.md).

CREATE SCHEMA vault;
GRANT USAGE ON SCHEMA vault TO ardoise_app;

CREATE TABLE vault.keys (
    commune text NOT NULL,
    person text NOT NULL,
    wrapped bytea,
    made_at timestamptz NOT NULL,
    erased_at timestamptz,
    PRIMARY KEY (commune, person),
    CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
);
COMMENT ON COLUMN vault.keys.wrapped IS 'Destroyed when the person is erased: the row stays, so that no second key is made.';

CREATE TABLE vault.records (
    commune text NOT NULL,
    person text NOT NULL,
    kind text NOT NULL,
    sealed bytea NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (commune, person, kind)
);
COMMENT ON TABLE vault.records IS 'What is known of a person: identity, address, contact, situation, health, activation.';

CREATE TABLE vault.proposals (
    commune text NOT NULL,
    proposal text NOT NULL,
    person text NOT NULL,
    kind text NOT NULL,
    sealed bytea NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (commune, proposal, kind)
);
CREATE INDEX proposals_by_person ON vault.proposals (commune, person);
COMMENT ON TABLE vault.proposals IS 'What a demande asks to change, until it is decided.';

CREATE TABLE vault.documents (
    commune text NOT NULL,
    document text NOT NULL,
    owner text NOT NULL,
    household text NOT NULL,
    person text NOT NULL,
    kind text NOT NULL,
    media_type text NOT NULL,
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    match bytea NOT NULL,
    sealed bytea NOT NULL,
    kept_at timestamptz NOT NULL,
    PRIMARY KEY (commune, document),
    UNIQUE (commune, owner, person, kind, match)
);
CREATE INDEX documents_by_person ON vault.documents (commune, person);
COMMENT ON COLUMN vault.documents.owner IS 'The guardian who may open it.';
COMMENT ON COLUMN vault.documents.household IS 'On whose page it was kept: the one whose demandes may name it.';
COMMENT ON COLUMN vault.documents.person IS 'Whose key seals it: the child it is about, or the owner.';
COMMENT ON COLUMN vault.documents.match IS 'HMAC-SHA256 of the content under the key of the person: the same paper is kept once.';

CREATE TABLE vault.towns (commune text PRIMARY KEY);
GRANT SELECT, INSERT ON vault.towns TO ardoise_app;
COMMENT ON TABLE vault.towns IS 'The towns that have keys: those a service looks at before it starts. Nothing of a family.';

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['keys', 'records', 'proposals', 'documents'] LOOP
        EXECUTE format('ALTER TABLE vault.%I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE vault.%I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY one_town ON vault.%I USING (commune = current_setting(''ardoise.commune'', true))
                        WITH CHECK (commune = current_setting(''ardoise.commune'', true))', tenant);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON vault.%I TO ardoise_app', tenant);
    END LOOP;
END $$;

-- The key of a person, made if there is none yet: of two who come first at once, both get the same one.
-- Null when the person was erased.
CREATE FUNCTION vault.key_of(p_commune text, p_person text, p_wrapped bytea, p_at timestamptz) RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE
    kept bytea;
BEGIN
    PERFORM set_config('ardoise.commune', p_commune, true);
    INSERT INTO vault.keys (commune, person, wrapped, made_at) VALUES (p_commune, p_person, p_wrapped, p_at)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        INSERT INTO vault.towns VALUES (p_commune) ON CONFLICT DO NOTHING;
    END IF;
    SELECT k.wrapped INTO kept FROM vault.keys k WHERE k.commune = p_commune AND k.person = p_person;
    RETURN kept;
END $$;

-- Forgets a person: the key first, then all it sealed.
CREATE FUNCTION vault.forget(p_commune text, p_person text, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ardoise.commune', p_commune, true);
    INSERT INTO vault.keys (commune, person, wrapped, made_at, erased_at)
    VALUES (p_commune, p_person, NULL, p_at, p_at)
    ON CONFLICT (commune, person) DO UPDATE SET wrapped = NULL, erased_at = coalesce(vault.keys.erased_at, p_at);
    INSERT INTO vault.towns VALUES (p_commune) ON CONFLICT DO NOTHING;
    DELETE FROM vault.records WHERE commune = p_commune AND person = p_person;
    DELETE FROM vault.proposals WHERE commune = p_commune AND person = p_person;
    DELETE FROM vault.documents WHERE commune = p_commune AND (person = p_person OR owner = p_person);
END $$;

-- What a command changes in the vault, in its own transaction, in order. p_changes: [{"do": "record", …, "blob": 1}, …],
-- where blob is the place of the sealed bytes in p_blobs, from 1.
CREATE FUNCTION vault.change(p_commune text, p_at timestamptz, p_changes jsonb, p_blobs bytea[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    c record;
BEGIN
    FOR c IN
        SELECT * FROM jsonb_to_recordset(p_changes) AS x (
            "do" text, person text, kind text, proposal text, document text, owner text, household text, media_type text,
            size_bytes integer, match_blob integer, blob integer)
    LOOP
        CASE c."do"
            WHEN 'record' THEN
                INSERT INTO vault.records VALUES (p_commune, c.person, c.kind, p_blobs[c.blob], p_at)
                ON CONFLICT (commune, person, kind) DO UPDATE SET sealed = excluded.sealed, changed_at = p_at;
            WHEN 'proposal' THEN
                INSERT INTO vault.proposals VALUES (p_commune, c.proposal, c.person, c.kind, p_blobs[c.blob], p_at);
            WHEN 'accept' THEN
                INSERT INTO vault.records
                SELECT p.commune, p.person, p.kind, p.sealed, p_at FROM vault.proposals p
                WHERE p.commune = p_commune AND p.proposal = c.proposal
                ON CONFLICT (commune, person, kind) DO UPDATE SET sealed = excluded.sealed, changed_at = p_at;
                DELETE FROM vault.proposals WHERE commune = p_commune AND proposal = c.proposal;
            WHEN 'drop' THEN
                DELETE FROM vault.proposals WHERE commune = p_commune AND proposal = c.proposal;
            WHEN 'document' THEN
                INSERT INTO vault.documents VALUES (p_commune, c.document, c.owner, c.household, c.person, c.kind,
                                                    c.media_type, c.size_bytes, p_blobs[c.match_blob], p_blobs[c.blob], p_at);
            WHEN 'forget' THEN
                PERFORM vault.forget(p_commune, c.person, p_at);
        END CASE;
        IF c.person IS NOT NULL AND c."do" <> 'forget' AND NOT EXISTS (
            SELECT FROM vault.keys k WHERE k.commune = p_commune AND k.person = c.person AND k.wrapped IS NOT NULL
        ) THEN
            -- Erased since the bytes were sealed: nobody could ever read them.
            RAISE EXCEPTION 'the person was erased' USING ERRCODE = 'AR003';
        END IF;
    END LOOP;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA vault FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA vault TO ardoise_app;
