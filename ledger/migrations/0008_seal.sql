-- The seal: after the commit, each town's entries get gapless positions and become the leaves of a Merkle tree.

-- In which order lines came: how the seal finds those it has not seen. Nothing is ever ordered by it for readers: a line
-- with a lower number may be committed later, and gets a later position.
CREATE SEQUENCE ardoise.arrivals;
GRANT SELECT, USAGE ON SEQUENCE ardoise.arrivals TO ardoise_app;
GRANT SELECT ON SEQUENCE ardoise.arrivals TO ardoise_auditor;

-- What was kept before gets its number: pages in the order of their lines. The triggers refuse an UPDATE to everybody,
-- and the policies hold the owner too: both are set aside here, inside the migration's transaction.
ALTER TABLE ardoise.entries ADD COLUMN arrival bigint;
ALTER TABLE ardoise.entries DISABLE TRIGGER entries_are_never_changed;
ALTER TABLE ardoise.entries NO FORCE ROW LEVEL SECURITY;
UPDATE ardoise.entries e SET arrival = numbered.arrival
FROM (
    SELECT commune, stream, version, row_number() OVER (ORDER BY reached, commune, stream, version) AS arrival
    FROM (
        -- The clocks of two machines may differ: a line never comes before the one it follows.
        SELECT commune, stream, version,
               max(recorded_at) OVER (PARTITION BY commune, stream ORDER BY version) AS reached
        FROM ardoise.entries
    ) pages
) numbered
WHERE (e.commune, e.stream, e.version) = (numbered.commune, numbered.stream, numbered.version);
SELECT setval('ardoise.arrivals', greatest((SELECT max(arrival) FROM ardoise.entries), 1),
              EXISTS (SELECT FROM ardoise.entries));

-- The towns that have a tree, and how many of their lines are sealed. Nothing of a family: not held by a policy, so that
-- the seal knows which towns there are.
CREATE TABLE ardoise.trees (
    commune text PRIMARY KEY,
    size bigint NOT NULL DEFAULT 0 CHECK (size >= 0)
);
INSERT INTO ardoise.trees SELECT DISTINCT commune FROM ardoise.entries;

-- The towns that brought lines, for the seal to make their trees. A town may be here several times: those who bring its
-- first lines at once do not wait for one another, as they would for a row that is unique.
CREATE TABLE ardoise.announced_towns (commune text NOT NULL);
CREATE INDEX announced_towns_by_name ON ardoise.announced_towns (commune);
INSERT INTO ardoise.announced_towns SELECT commune FROM ardoise.trees;

ALTER TABLE ardoise.entries FORCE ROW LEVEL SECURITY;
ALTER TABLE ardoise.entries ENABLE ALWAYS TRIGGER entries_are_never_changed;
ALTER TABLE ardoise.entries ALTER COLUMN arrival SET DEFAULT nextval('ardoise.arrivals');
ALTER TABLE ardoise.entries ALTER COLUMN arrival SET NOT NULL;
ALTER SEQUENCE ardoise.arrivals OWNED BY ardoise.entries.arrival;
CREATE UNIQUE INDEX entries_by_arrival ON ardoise.entries (commune, arrival);
COMMENT ON COLUMN ardoise.entries.arrival IS 'Drawn before the commit: for the seal to find lines, never to order them.';

-- Everybody who brings lines holds this lock, shared, from before their numbers are drawn until after the commit. A
-- number nobody brought, and whose drawer holds it no more, will never come.
CREATE FUNCTION ardoise.announce_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    town text := nullif(current_setting('ardoise.commune', true), '');
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1634886756, 1);
    IF town IS NOT NULL AND NOT EXISTS (SELECT FROM ardoise.announced_towns t WHERE t.commune = town) THEN
        INSERT INTO ardoise.announced_towns VALUES (town);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entries_are_announced BEFORE INSERT ON ardoise.entries
    FOR EACH STATEMENT EXECUTE FUNCTION ardoise.announce_lines();
ALTER TABLE ardoise.entries ENABLE ALWAYS TRIGGER entries_are_announced;

-- Who is above the policies may bring lines of another town than the session names, or name none: those are announced
-- by themselves. Lines the service brings only pay for the comparison.
CREATE FUNCTION ardoise.announce_town() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ardoise.announced_towns t WHERE t.commune = NEW.commune) THEN
        INSERT INTO ardoise.announced_towns VALUES (NEW.commune);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entries_of_other_towns_are_announced AFTER INSERT ON ardoise.entries
    FOR EACH ROW WHEN (NEW.commune IS DISTINCT FROM current_setting('ardoise.commune', true))
    EXECUTE FUNCTION ardoise.announce_town();
ALTER TABLE ardoise.entries ENABLE ALWAYS TRIGGER entries_of_other_towns_are_announced;

-- One row an entry that is sealed. leaf: the RFC 9162 leaf hash of its stored bytes, SHA-256(0x00 || stored).
-- stream and line: which one it was, when somebody took it away; a page says nothing of a last line it has lost.
CREATE TABLE ardoise.seals (
    commune text NOT NULL,
    position bigint NOT NULL CHECK (position > 0),
    arrival bigint NOT NULL,
    leaf bytea NOT NULL CHECK (length(leaf) = 32),
    stream text NOT NULL,
    line bigint NOT NULL,
    PRIMARY KEY (commune, position)
);
CREATE UNIQUE INDEX seals_by_arrival ON ardoise.seals (commune, arrival);
COMMENT ON COLUMN ardoise.seals.position IS 'From 1, without a gap: the leaf of index position - 1.';

-- The hashes of perfect subtrees of 256, 65,536 and 16,777,216 leaves: what proofs start from.
CREATE TABLE ardoise.tree_nodes (
    commune text NOT NULL,
    height smallint NOT NULL CHECK (height IN (8, 16, 24, 32)),
    index bigint NOT NULL CHECK (index >= 0),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (commune, height, index)
);

-- Where a new leader starts from: every number up to `arrival` was sealed, or will never come, except those `missing`:
-- they were drawn by a transaction that had not ended.
CREATE TABLE ardoise.settled (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    arrival bigint NOT NULL DEFAULT 0,
    missing bigint[] NOT NULL DEFAULT '{}'
);
INSERT INTO ardoise.settled DEFAULT VALUES;

CREATE TRIGGER seals_are_never_changed BEFORE UPDATE OR DELETE ON ardoise.seals
    FOR EACH ROW EXECUTE FUNCTION ardoise.refuse_change();
CREATE TRIGGER seals_are_never_emptied BEFORE TRUNCATE ON ardoise.seals
    FOR EACH STATEMENT EXECUTE FUNCTION ardoise.refuse_change();
ALTER TABLE ardoise.seals ENABLE ALWAYS TRIGGER seals_are_never_changed;
ALTER TABLE ardoise.seals ENABLE ALWAYS TRIGGER seals_are_never_emptied;

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['seals', 'tree_nodes'] LOOP
        EXECUTE format('ALTER TABLE ardoise.%I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE ardoise.%I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY one_town ON ardoise.%I USING (commune = current_setting(''ardoise.commune'', true))
                        WITH CHECK (commune = current_setting(''ardoise.commune'', true))', tenant);
        EXECUTE format('GRANT SELECT, INSERT ON ardoise.%I TO ardoise_app', tenant);
        EXECUTE format('GRANT SELECT ON ardoise.%I TO ardoise_auditor', tenant);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON ardoise.trees TO ardoise_app;
GRANT SELECT, UPDATE ON ardoise.settled TO ardoise_app;
GRANT SELECT, INSERT ON ardoise.announced_towns TO ardoise_app;
GRANT SELECT ON ardoise.trees, ardoise.settled, ardoise.announced_towns TO ardoise_auditor;

-- Seals the lines whose number is after p_after and at most p_upto, or among p_missing, and that are not sealed yet.
-- Answers, of each town that has some: the tree before, the leaves one after the other, and the numbers that were found,
-- sealed now or before. The row of the tree is locked: two leaders at once, as when one was cut off and does not know it
-- yet, seal one after the other.
CREATE FUNCTION ardoise.seal_lines(p_after bigint, p_upto bigint, p_missing bigint[])
RETURNS TABLE (commune text, size bigint, leaves bytea, arrivals bigint[]) LANGUAGE plpgsql
SET work_mem = '32MB' SET enable_seqscan = off SET enable_nestloop = off SET jit = off AS $$
DECLARE
    town text;
    base bigint;
    known bigint[];
    hashes bytea;
    fresh bigint[];
BEGIN
    FOR town IN SELECT DISTINCT a.commune FROM ardoise.announced_towns a ORDER BY a.commune LOOP
        PERFORM set_config('ardoise.commune', town, true);
        CONTINUE WHEN NOT EXISTS (SELECT FROM ardoise.entries e
                                  WHERE e.commune = town AND e.arrival > p_after AND e.arrival <= p_upto)
            AND NOT EXISTS (SELECT FROM ardoise.entries e WHERE e.commune = town AND e.arrival = ANY (p_missing));
        SELECT t.size INTO base FROM ardoise.trees t WHERE t.commune = town FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO ardoise.trees (commune) VALUES (town) ON CONFLICT DO NOTHING;
            SELECT t.size INTO base FROM ardoise.trees t WHERE t.commune = town FOR UPDATE;
        END IF;
        known := ARRAY(
            SELECT s.arrival FROM ardoise.seals s
            WHERE s.commune = town AND s.arrival > p_after AND s.arrival <= p_upto
            UNION ALL
            SELECT s.arrival FROM ardoise.seals s WHERE s.commune = town AND s.arrival = ANY (p_missing));
        WITH found AS MATERIALIZED (  -- hashed before they are sorted: the lines themselves are not carried along
            SELECT e.arrival, sha256('\x00'::bytea || e.stored) AS hash, e.stream, e.version
            FROM ardoise.entries e
            WHERE e.commune = town AND e.arrival > p_after AND e.arrival <= p_upto
                AND NOT EXISTS (SELECT FROM unnest(known) AS k (arrival) WHERE k.arrival = e.arrival)
            UNION ALL
            SELECT e.arrival, sha256('\x00'::bytea || e.stored), e.stream, e.version FROM ardoise.entries e
            WHERE e.commune = town AND e.arrival = ANY (p_missing)
                AND NOT EXISTS (SELECT FROM unnest(known) AS k (arrival) WHERE k.arrival = e.arrival)
        ), kept AS (
            INSERT INTO ardoise.seals AS s (commune, position, arrival, leaf, stream, line)
            SELECT town, base + row_number() OVER (ORDER BY f.arrival), f.arrival, f.hash, f.stream, f.version
            FROM found f
            RETURNING s.position, s.arrival, s.leaf
        )
        SELECT string_agg(k.leaf, ''::bytea ORDER BY k.position), array_agg(k.arrival ORDER BY k.position)
        INTO hashes, fresh FROM kept k;
        IF fresh IS NOT NULL THEN
            UPDATE ardoise.trees t SET size = t.size + cardinality(fresh) WHERE t.commune = town;
        END IF;
        RETURN QUERY SELECT town, base, coalesce(hashes, ''::bytea), coalesce(fresh, '{}') || known;
    END LOOP;
END $$;

-- Keeps the hashes of a town's subtrees that are full now.
CREATE FUNCTION ardoise.keep_nodes(p_commune text, p_heights smallint[], p_indexes bigint[], p_hashes bytea[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ardoise.commune', p_commune, true);
    INSERT INTO ardoise.tree_nodes (commune, height, index, hash)
    SELECT p_commune, n.height, n.index, n.hash
    FROM unnest(p_heights, p_indexes, p_hashes) AS n (height, index, hash);
END $$;

-- Of each town with lines that are committed and not sealed: how many, counted up to about p_most, and when the first of
-- them was recorded. Reads from where the seal has come to, so that it costs little whether the seal runs or not.
CREATE FUNCTION ardoise.seal_lag(p_most bigint)
RETURNS TABLE (commune text, entries bigint, recorded_at timestamptz) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
    town text;
    here record;
BEGIN
    SELECT s.arrival, s.missing INTO here FROM ardoise.settled s;
    FOR town IN SELECT DISTINCT a.commune FROM ardoise.announced_towns a ORDER BY a.commune LOOP
        PERFORM set_config('ardoise.commune', town, true);
        RETURN QUERY
            WITH unsealed AS (
                (SELECT e.arrival, e.recorded_at FROM ardoise.entries e
                 WHERE e.commune = town AND e.arrival > here.arrival
                    AND NOT EXISTS (SELECT FROM ardoise.seals s WHERE s.commune = town AND s.arrival = e.arrival)
                 ORDER BY e.arrival LIMIT p_most)
                UNION ALL
                SELECT e.arrival, e.recorded_at FROM ardoise.entries e
                WHERE e.commune = town AND e.arrival = ANY (here.missing)
                    AND NOT EXISTS (SELECT FROM ardoise.seals s WHERE s.commune = town AND s.arrival = e.arrival)
            )
            SELECT town, count(*), (SELECT u.recorded_at FROM unsealed u ORDER BY u.arrival LIMIT 1) FROM unsealed
            HAVING count(*) > 0;
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION ardoise.seal_lines, ardoise.keep_nodes, ardoise.seal_lag, ardoise.announce_lines,
    ardoise.announce_town FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ardoise.seal_lines, ardoise.keep_nodes, ardoise.seal_lag, ardoise.announce_lines,
    ardoise.announce_town TO ardoise_app;
GRANT EXECUTE ON FUNCTION ardoise.seal_lag TO ardoise_auditor;
