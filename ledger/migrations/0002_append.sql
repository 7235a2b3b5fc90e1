-- Keeping a command: one call, one transaction, no table lock, no notification.

-- The next number of a town's demandes. A sequence: no writer waits for another; gaps are normal.
-- Runs as the owner because a town's sequence is created the first time it is asked for.
CREATE FUNCTION ardoise.next_demande_number(p_commune text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_commune !~ '^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$' THEN
        RAISE EXCEPTION 'not the name of a town';
    END IF;
    RETURN nextval(format('demande_numbers.%I', p_commune));
EXCEPTION WHEN undefined_table THEN
    BEGIN
        EXECUTE format('CREATE SEQUENCE demande_numbers.%I', p_commune);
    EXCEPTION WHEN duplicate_table OR unique_violation THEN
        NULL;  -- another writer was first
    END;
    RETURN nextval(format('demande_numbers.%I', p_commune));
END $$;

-- Makes a town's numbers go on from one, never backwards. Answers the next number. For the owner alone.
CREATE FUNCTION ardoise.raise_demande_number(p_commune text, p_next bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    reached bigint := ardoise.next_demande_number(p_commune);
BEGIN
    RETURN setval(format('demande_numbers.%I', p_commune), greatest(reached, p_next), false);
END $$;

-- Lines of a page after a version, in order.
CREATE FUNCTION ardoise.read_page(p_commune text, p_stream text, p_after bigint, p_upto bigint)
RETURNS TABLE (version bigint, type text, stored bytea) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ardoise.commune', p_commune, true);
    RETURN QUERY SELECT e.version, e.type, e.stored FROM ardoise.entries e
        WHERE e.commune = p_commune AND e.stream = p_stream AND e.version > p_after AND e.version <= p_upto
        ORDER BY e.version;
END $$;

CREATE FUNCTION ardoise.read_snapshot(p_commune text, p_stream text, p_fold integer, p_upto bigint)
RETURNS TABLE (version bigint, state bytea) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ardoise.commune', p_commune, true);
    RETURN QUERY SELECT s.version, s.state FROM ardoise.snapshots s
        WHERE s.commune = p_commune AND s.stream = p_stream AND s.fold = p_fold AND s.version <= p_upto;
END $$;

CREATE FUNCTION ardoise.write_snapshot(p_commune text, p_stream text, p_version bigint, p_fold integer, p_state bytea)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ardoise.commune', p_commune, true);
    INSERT INTO ardoise.snapshots AS s (commune, stream, version, fold, state)
    VALUES (p_commune, p_stream, p_version, p_fold, p_state)
    ON CONFLICT (commune, stream) DO UPDATE SET version = excluded.version, fold = excluded.fold, state = excluded.state
    WHERE (s.fold, s.version) < (excluded.fold, excluded.version);
END $$;

-- Takes and gives back places, locking them in the order everybody uses. Answers the slots that have too few, and
-- how many they have left.
CREATE FUNCTION ardoise.claim_places(p_commune text, p_claims jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    claim record;
    is_full boolean;
    full_slots jsonb := '[]';
BEGIN
    FOR claim IN
        SELECT c.* FROM jsonb_to_recordset(p_claims)
            AS c (activity text, unit text, day date, pool text, delta integer, capacity integer)
        ORDER BY c.activity COLLATE "C", c.unit COLLATE "C", c.day, c.pool COLLATE "C"
    LOOP
        FOR attempt IN 1..2 LOOP
            UPDATE ardoise.places p
            SET taken = p.taken + claim.delta,
                capacity = CASE WHEN p.is_set OR claim.delta < 0 THEN p.capacity ELSE claim.capacity END
            WHERE p.commune = p_commune AND p.activity = claim.activity AND p.unit = claim.unit
                AND p.day = claim.day AND p.pool = claim.pool
                AND (claim.delta <= 0
                    OR p.taken + claim.delta <= CASE WHEN p.is_set THEN coalesce(p.capacity, 2147483647)
                                                     ELSE coalesce(claim.capacity, 2147483647) END);
            is_full := NOT FOUND;
            EXIT WHEN NOT is_full OR attempt = 2;
            -- Full, or the row is not there yet: an UPDATE silently misses a row that was never created.
            INSERT INTO ardoise.places (commune, activity, unit, day, pool, capacity)
            VALUES (p_commune, claim.activity, claim.unit, claim.day, claim.pool, claim.capacity)
            ON CONFLICT DO NOTHING;
        END LOOP;
        ASSERT NOT is_full OR claim.delta > 0, 'a place is given back that was never taken';
        IF is_full THEN
            full_slots := full_slots || jsonb_build_object(
                'activity', claim.activity, 'unit', claim.unit, 'day', claim.day, 'pool', claim.pool, 'left', (
                    SELECT greatest(CASE WHEN p.is_set THEN p.capacity ELSE claim.capacity END - p.taken, 0)
                    FROM ardoise.places p WHERE p.commune = p_commune AND p.activity = claim.activity
                        AND p.unit = claim.unit AND p.day = claim.day AND p.pool = claim.pool));
        END IF;
    END LOOP;
    RETURN full_slots;
END $$;

-- The slots that have too few places for these claims now, and how many. Takes nothing.
CREATE FUNCTION ardoise.full_places(p_commune text, p_claims jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ardoise.commune', p_commune, true);
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'activity', c.activity, 'unit', c.unit, 'day', c.day, 'pool', c.pool,
            'left', greatest(CASE WHEN p.is_set THEN p.capacity ELSE c.capacity END - coalesce(p.taken, 0), 0))), '[]')
        FROM jsonb_to_recordset(p_claims)
            AS c (activity text, unit text, day date, pool text, delta integer, capacity integer)
        LEFT JOIN ardoise.places p ON p.commune = p_commune AND p.activity = c.activity AND p.unit = c.unit
            AND p.day = c.day AND p.pool = c.pool
        WHERE coalesce(p.taken, 0) + c.delta
            > coalesce(CASE WHEN p.is_set THEN p.capacity ELSE c.capacity END, 2147483647)
    );
END $$;

-- The town sets the places of a slot. What is reserved stays, even above the new number.
CREATE FUNCTION ardoise.set_capacities(p_commune text, p_capacities jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO ardoise.places AS p (commune, activity, unit, day, pool, capacity, is_set)
    SELECT p_commune, c.activity, c.unit, c.day, c.pool, c.capacity, true
    FROM jsonb_to_recordset(p_capacities) AS c (activity text, unit text, day date, pool text, capacity integer)
    ORDER BY c.activity COLLATE "C", c.unit COLLATE "C", c.day, c.pool COLLATE "C"
    ON CONFLICT (commune, activity, unit, day, pool) DO UPDATE SET capacity = excluded.capacity, is_set = true
$$;

-- Puts and drops rows of the read models. p_rows: {"table": {"put": [row, …], "drop": [key, …]}, …}.
CREATE FUNCTION ardoise.change_rows(p_rows jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_rows ? 'children' THEN
        INSERT INTO ardoise.children
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.children, p_rows #> '{children,put}')
        ON CONFLICT (commune, child) DO UPDATE SET household = excluded.household;
    END IF;
    IF p_rows ? 'guardians' THEN
        IF p_rows #> '{guardians,drop}' <> '[]' THEN
            DELETE FROM ardoise.guardians t
            USING jsonb_populate_recordset(NULL::ardoise.guardians, p_rows #> '{guardians,drop}') d
            WHERE (t.commune, t.household, t.guardian, t.subject) = (d.commune, d.household, d.guardian, d.subject);
        END IF;
        INSERT INTO ardoise.guardians
        SELECT * FROM jsonb_populate_recordset(NULL::ardoise.guardians, p_rows #> '{guardians,put}')
        ON CONFLICT DO NOTHING;
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
            days = excluded.days;
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

-- The append. Answers (replayed, fingerprint, status, headers, body): the answer kept under this key, old or new.
-- Raises AR001 with the full slots as its message; a unique violation on entries_pkey is a conflict of versions, and
-- so is AR002, when the line before is not the one that was read.
CREATE FUNCTION ardoise.append(
    p_commune text, p_client text, p_subject text, p_key text, p_fingerprint bytea, p_command text, p_at timestamptz,
    p_status integer, p_headers jsonb, p_body bytea,
    p_claims jsonb, p_capacities jsonb,
    p_streams text[], p_versions bigint[], p_types text[], p_stored bytea[], p_digests bytea[], p_previous bytea[],
    p_rows jsonb
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
    RETURN QUERY SELECT false, p_fingerprint, p_status, p_headers, p_body;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ardoise FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ardoise TO ardoise_app;
REVOKE EXECUTE ON FUNCTION ardoise.raise_demande_number FROM ardoise_app;
GRANT EXECUTE ON FUNCTION ardoise.read_page, ardoise.read_snapshot TO ardoise_auditor;
