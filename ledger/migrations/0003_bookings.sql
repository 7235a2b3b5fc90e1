-- Until which day each activity of a town has places taken: what the adoption of a rulebook must not count otherwise.
CREATE FUNCTION ardoise.booked_until(p_commune text) RETURNS TABLE (activity text, last_day date)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ardoise.commune', p_commune, true);
    RETURN QUERY SELECT p.activity, max(p.day) FROM ardoise.places p
        WHERE p.commune = p_commune AND p.taken > 0 GROUP BY p.activity;
END $$;

REVOKE ALL ON FUNCTION ardoise.booked_until FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ardoise.booked_until TO ardoise_app;
