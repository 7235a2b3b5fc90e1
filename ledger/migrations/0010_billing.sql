-- The régie: what a household was asked for, line by line, what it paid, and the months that are closed.

ALTER TABLE ardoise.quotients ADD COLUMN regularisation boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN ardoise.quotients.regularisation IS 'The town chose to go back on months that are past.';

CREATE TABLE ardoise.tariff_statuses (
    commune text NOT NULL,
    household text NOT NULL,
    ordinal bigint NOT NULL,
    first_day date NOT NULL,
    residence text NOT NULL,
    regime text NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (commune, household, ordinal)
);

CREATE TABLE ardoise.meals_brought (
    commune text NOT NULL,
    child text NOT NULL,
    ordinal bigint NOT NULL,
    activity text NOT NULL,
    first_day date NOT NULL,
    brought boolean NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (commune, child, ordinal)
);

-- Titres and their lines are written once and never changed.
CREATE TABLE ardoise.titres (
    commune text NOT NULL,
    titre text NOT NULL,
    household text NOT NULL,
    month text NOT NULL,
    total_cents bigint NOT NULL,
    position bigint NOT NULL,
    issued_on date NOT NULL,
    due_on date NOT NULL,
    issued_at timestamptz NOT NULL,
    lines integer NOT NULL,
    PRIMARY KEY (commune, titre)
);
CREATE INDEX titres_by_household ON ardoise.titres (commune, household, titre);
CREATE INDEX titres_by_month ON ardoise.titres (commune, month, titre);
COMMENT ON COLUMN ardoise.titres.total_cents IS 'Below zero for a credit.';
COMMENT ON COLUMN ardoise.titres.position IS 'The sealed position its month was closed at.';

CREATE TABLE ardoise.invoice_lines (
    commune text NOT NULL,
    titre text NOT NULL,
    line integer NOT NULL,
    household text NOT NULL,
    month text NOT NULL,
    regularises text,
    child text NOT NULL,
    activity text NOT NULL,
    unit text NOT NULL,
    nature text NOT NULL,
    label text NOT NULL,
    unit_price_cents bigint NOT NULL,
    quantity bigint NOT NULL,
    amount_cents bigint NOT NULL,
    rulebook text NOT NULL,
    article text NOT NULL,
    code text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (commune, titre, line)
);
CREATE INDEX invoice_lines_by_month ON ardoise.invoice_lines (commune, month, titre, line);
CREATE INDEX invoice_lines_by_household ON ardoise.invoice_lines (commune, household, titre, line);
CREATE INDEX invoice_lines_by_child ON ardoise.invoice_lines (commune, child, first_day, last_day);
COMMENT ON COLUMN ardoise.invoice_lines.month IS 'Of the titre; regularises: the closed month the line corrects.';
COMMENT ON COLUMN ardoise.invoice_lines.detail IS 'The quotient, the steps of the arithmetic, the days and the causes.';

CREATE TABLE ardoise.payments (
    commune text NOT NULL,
    payment text NOT NULL,
    household text NOT NULL,
    amount_cents bigint NOT NULL,
    means text NOT NULL,
    received_on date NOT NULL,
    titre text,
    reference text,
    recorded_at timestamptz NOT NULL,
    cancelled_on date,
    cancelled_because text,
    cancelled_at timestamptz,
    PRIMARY KEY (commune, payment)
);
CREATE INDEX payments_by_household ON ardoise.payments (commune, household, received_on, payment);
CREATE INDEX payments_by_day ON ardoise.payments (commune, received_on, payment);

CREATE TABLE ardoise.mandates (
    commune text NOT NULL,
    mandate text NOT NULL,
    household text NOT NULL,
    guardian text NOT NULL,
    signed_on date NOT NULL,
    digest text NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (commune, mandate)
);
CREATE INDEX mandates_by_household ON ardoise.mandates (commune, household);

CREATE TABLE ardoise.direct_debits (
    commune text NOT NULL,
    collection text NOT NULL,
    titre text NOT NULL,
    household text NOT NULL,
    mandate text NOT NULL,
    amount_cents bigint NOT NULL,
    sequence text NOT NULL,
    collect_on date NOT NULL,
    reason text,
    returned_at timestamptz,
    PRIMARY KEY (commune, collection, titre)
);
CREATE INDEX direct_debits_by_household ON ardoise.direct_debits (commune, household, titre);
COMMENT ON COLUMN ardoise.direct_debits.reason IS 'Why the bank did not pay it; NULL while nothing came back.';

CREATE TABLE ardoise.payers (
    commune text NOT NULL,
    household text NOT NULL,
    billed_cents bigint NOT NULL,
    paid_cents bigint NOT NULL,
    balance_cents bigint NOT NULL,
    mandate text,
    PRIMARY KEY (commune, household)
);
COMMENT ON COLUMN ardoise.payers.balance_cents IS 'What is owed: billed less paid. Below zero, the town owes it.';

CREATE TABLE ardoise.closed_months (
    commune text NOT NULL,
    month text NOT NULL,
    position bigint NOT NULL,
    year integer NOT NULL,
    first_number bigint NOT NULL,
    titres bigint NOT NULL,
    total_cents bigint NOT NULL,
    digest text NOT NULL,
    issued_on date NOT NULL,
    due_on date NOT NULL,
    left_out bigint NOT NULL,
    closed_at timestamptz NOT NULL,
    closed_by text NOT NULL,
    PRIMARY KEY (commune, month)
);

CREATE TABLE ardoise.collections (
    commune text NOT NULL,
    collection text NOT NULL,
    collect_on date NOT NULL,
    debits bigint NOT NULL,
    total_cents bigint NOT NULL,
    digest text NOT NULL,
    sent_at timestamptz NOT NULL,
    PRIMARY KEY (commune, collection)
);

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['tariff_statuses', 'meals_brought', 'titres', 'invoice_lines', 'payments', 'mandates',
                                  'direct_debits', 'payers', 'closed_months', 'collections'] LOOP
        EXECUTE format('ALTER TABLE ardoise.%I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE ardoise.%I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY one_town ON ardoise.%I USING (commune = current_setting(''ardoise.commune'', true))
                        WITH CHECK (commune = current_setting(''ardoise.commune'', true))', tenant);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ardoise.%I TO ardoise_app', tenant);
        EXECUTE format('GRANT SELECT ON ardoise.%I TO ardoise_auditor', tenant);
    END LOOP;
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
    IF p_rows ? 'tariff_statuses' THEN
        INSERT INTO ardoise.tariff_statuses
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.tariff_statuses, p_rows #> '{tariff_statuses,put}')
        ON CONFLICT (commune, household, ordinal) DO NOTHING;
    END IF;
    IF p_rows ? 'meals_brought' THEN
        INSERT INTO ardoise.meals_brought
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.meals_brought, p_rows #> '{meals_brought,put}')
        ON CONFLICT (commune, child, ordinal) DO NOTHING;
    END IF;
    IF p_rows ? 'titres' THEN
        INSERT INTO ardoise.titres
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.titres, p_rows #> '{titres,put}')
        ON CONFLICT (commune, titre) DO NOTHING;
    END IF;
    IF p_rows ? 'invoice_lines' THEN
        INSERT INTO ardoise.invoice_lines
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.invoice_lines, p_rows #> '{invoice_lines,put}')
        ON CONFLICT (commune, titre, line) DO NOTHING;
    END IF;
    IF p_rows ? 'payments' THEN
        INSERT INTO ardoise.payments
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.payments, p_rows #> '{payments,put}')
        ON CONFLICT (commune, payment) DO UPDATE SET
            cancelled_on = excluded.cancelled_on, cancelled_because = excluded.cancelled_because,
            cancelled_at = excluded.cancelled_at;
    END IF;
    IF p_rows ? 'mandates' THEN
        INSERT INTO ardoise.mandates
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.mandates, p_rows #> '{mandates,put}')
        ON CONFLICT (commune, mandate) DO UPDATE SET revoked_at = excluded.revoked_at;
    END IF;
    IF p_rows ? 'direct_debits' THEN
        INSERT INTO ardoise.direct_debits
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.direct_debits, p_rows #> '{direct_debits,put}')
        ON CONFLICT (commune, collection, titre) DO UPDATE SET
            reason = excluded.reason, returned_at = excluded.returned_at;
    END IF;
    IF p_rows ? 'payers' THEN
        INSERT INTO ardoise.payers
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.payers, p_rows #> '{payers,put}')
        ON CONFLICT (commune, household) DO UPDATE SET
            billed_cents = excluded.billed_cents, paid_cents = excluded.paid_cents,
            balance_cents = excluded.balance_cents, mandate = excluded.mandate;
    END IF;
    IF p_rows ? 'closed_months' THEN
        INSERT INTO ardoise.closed_months
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.closed_months, p_rows #> '{closed_months,put}')
        ON CONFLICT (commune, month) DO UPDATE SET
            position = excluded.position, year = excluded.year, first_number = excluded.first_number,
            titres = excluded.titres, total_cents = excluded.total_cents, digest = excluded.digest,
            issued_on = excluded.issued_on, due_on = excluded.due_on, left_out = excluded.left_out,
            closed_at = excluded.closed_at, closed_by = excluded.closed_by;
    END IF;
    IF p_rows ? 'collections' THEN
        INSERT INTO ardoise.collections
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.collections, p_rows #> '{collections,put}')
        ON CONFLICT (commune, collection) DO NOTHING;
    END IF;
END $$;
