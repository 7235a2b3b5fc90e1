-- Drafts of a month: working papers. A draft is replaced by the next one, says nothing the ledger does not, and is gone
-- once its month is closed and the titres are issued.

CREATE TABLE ardoise.drafts (
    commune text NOT NULL,
    month text NOT NULL,
    state text NOT NULL CHECK (state IN ('asked', 'running', 'ready', 'failed')),
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    run text,
    position bigint CHECK (position >= 0),
    after_month text,
    code text,
    households bigint NOT NULL DEFAULT 0,
    digest text,
    summary jsonb,
    error text,
    ended_at timestamptz,
    PRIMARY KEY (commune, month)
);
COMMENT ON COLUMN ardoise.drafts.run IS 'Whoever works on it; another run takes over by writing its own name here.';
COMMENT ON COLUMN ardoise.drafts.position IS 'The sealed position it is worked out at.';
COMMENT ON COLUMN ardoise.drafts.after_month IS 'The last month closed by then, whose titres are all sealed; NULL for none.';
COMMENT ON COLUMN ardoise.drafts.code IS 'The version of the code: the bills of another one are not believed.';
COMMENT ON COLUMN ardoise.drafts.error IS 'Why it failed, in one sentence that quotes nobody.';

-- The work in shares: households after one, up to another; the last share goes on to the end.
CREATE TABLE ardoise.draft_slices (
    commune text NOT NULL,
    month text NOT NULL,
    number integer NOT NULL,
    after text COLLATE "C" NOT NULL,
    upto text COLLATE "C",
    households bigint NOT NULL,
    run text NOT NULL,
    done boolean NOT NULL DEFAULT false,
    summary jsonb,
    PRIMARY KEY (commune, month, number)
);

-- Which children are or ever were of which household, as the lines say it up to the position.
CREATE TABLE ardoise.draft_families (
    commune text NOT NULL,
    month text NOT NULL,
    household text COLLATE "C" NOT NULL,
    child text COLLATE "C" NOT NULL,
    PRIMARY KEY (commune, month, household, child)
);
CREATE INDEX draft_families_by_child ON ardoise.draft_families (commune, month, child);

-- A row a household that has a line or lacks something. bill: the canonical JSON the digest is made of.
CREATE TABLE ardoise.draft_bills (
    commune text NOT NULL,
    month text NOT NULL,
    household text COLLATE "C" NOT NULL,
    total_cents bigint NOT NULL,
    lines integer NOT NULL,
    day_prices integer NOT NULL,
    missing integer NOT NULL,
    bill bytea NOT NULL,
    missing_days jsonb NOT NULL,
    PRIMARY KEY (commune, month, household)
);

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['drafts', 'draft_slices', 'draft_families', 'draft_bills'] LOOP
        EXECUTE format('ALTER TABLE ardoise.%I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE ardoise.%I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY one_town ON ardoise.%I USING (commune = current_setting(''ardoise.commune'', true))
                        WITH CHECK (commune = current_setting(''ardoise.commune'', true))', tenant);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ardoise.%I TO ardoise_app', tenant);
        EXECUTE format('GRANT SELECT ON ardoise.%I TO ardoise_auditor', tenant);
    END LOOP;
END $$;

-- The lines that say which household a child is of: found without reading all the others.
CREATE INDEX entries_of_families ON ardoise.entries (commune, stream, version)
    WHERE type IN ('child_registered.v1', 'child_joined_household.v1');

-- What waits for the billing of each town: titres of a month that is closed, a draft that was asked for, begun by
-- somebody who is gone, or made by another version of the code. One question for whoever leads.
CREATE FUNCTION ardoise.billing_waits(p_code text)
RETURNS TABLE (commune text, month text, what text) LANGUAGE plpgsql AS $$
DECLARE
    town text;
BEGIN
    FOR town IN SELECT t.commune FROM ardoise.trees t ORDER BY t.commune LOOP
        PERFORM set_config('ardoise.commune', town, true);
        RETURN QUERY
            SELECT town, c.month, 'titres' FROM (
                -- No month is closed before the titres of those before it are all issued.
                SELECT m.month, m.year, m.titres, (m.first_number + m.titres - 1)::text AS last
                FROM ardoise.closed_months m WHERE m.commune = town ORDER BY m.month DESC LIMIT 1
            ) c WHERE c.titres > 0 AND NOT EXISTS (
                -- Titres are issued in their order: with the last one, all are there.
                SELECT FROM ardoise.titres t
                WHERE t.commune = town AND t.titre = c.year || '-' || lpad(c.last, greatest(6, length(c.last)), '0'));
        RETURN QUERY
            SELECT town, d.month, 'draft' FROM ardoise.drafts d
            WHERE d.commune = town
                AND (d.state IN ('asked', 'running') OR (d.state = 'ready' AND d.code IS DISTINCT FROM p_code))
                AND NOT EXISTS (SELECT FROM ardoise.closed_months m WHERE m.commune = town AND m.month = d.month)
            ORDER BY d.asked_at, d.month;
    END LOOP;
    PERFORM set_config('ardoise.commune', '', true);
END $$;
REVOKE ALL ON FUNCTION ardoise.billing_waits FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ardoise.billing_waits TO ardoise_app;
