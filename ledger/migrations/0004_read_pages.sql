-- Lines of several pages of a town, each after a version, page by page and in order: one round trip for a command.
CREATE FUNCTION ardoise.read_pages(p_commune text, p_streams text[], p_after bigint[])
RETURNS TABLE (stream text, version bigint, type text, stored bytea) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ardoise.commune', p_commune, true);
    RETURN QUERY
        SELECT e.stream, e.version, e.type, e.stored
        FROM unnest(p_streams, p_after) AS wanted (stream, after)
        CROSS JOIN LATERAL (
            SELECT l.stream, l.version, l.type, l.stored FROM ardoise.entries l
            WHERE l.commune = p_commune AND l.stream = wanted.stream AND l.version > wanted.after
            ORDER BY l.version
        ) e;
END $$;

REVOKE ALL ON FUNCTION ardoise.read_pages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ardoise.read_pages TO ardoise_app, ardoise_auditor;
