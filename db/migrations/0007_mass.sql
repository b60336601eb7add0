-- Stillgood, migration 7: all certificates of an issuer at once. db/README.md shows how a CA uses it.
--
--   revoke_recorded()       in one transaction; whoever follows is told when it commits.
--   revoke_recorded_part()  some of them, in the order of their serials: a caller that commits after each
--                           part can stop anywhere and go on later, and each part counts at once.
--
-- revoke_issuer() needs a row only and counts for what is recorded later, too. These are for when each
-- certificate is to have a date, a reason and an event of its own, as in a CRL.

-- As revoke() does: a hold keeps its date, what is revoked already stays as it is.
CREATE FUNCTION stillgood.revoke_recorded(issuer text, reason text DEFAULT NULL,
        revoked_at timestamptz DEFAULT NULL, invalidity_at timestamptz DEFAULT NULL,
        requested_by text DEFAULT NULL, note text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_issuer integer := stillgood.issuer_id(issuer);
    code smallint := stillgood.reason_code(reason);
    began timestamptz := clock_timestamp();
    done bigint;
BEGIN
    PERFORM stillgood.set_event(requested_by, note);
    UPDATE stillgood.certificate c
       SET status = 1, reason = code,
           revoked_at = coalesce(revoke_recorded.revoked_at, c.revoked_at, began),
           invalidity_at = coalesce(revoke_recorded.invalidity_at, c.invalidity_at)
     WHERE c.issuer = of_issuer AND c.status IN (0, 2);
    GET DIAGNOSTICS done = ROW_COUNT;
    PERFORM stillgood.set_event(NULL, NULL);
    RETURN done;
END $$;
COMMENT ON FUNCTION stillgood.revoke_recorded IS
    'Revokes for ever every certificate of an issuer that is recorded as good or held. How many they were';

-- `after`: the `last` of the part before; none for the first. `last` is NULL at the end. Whatever the
-- statistics say, the way is the index: a part must not cost a walk through the table.
CREATE FUNCTION stillgood.revoke_recorded_part(issuer text, after bytea, most integer,
        reason text DEFAULT NULL, revoked_at timestamptz DEFAULT NULL, invalidity_at timestamptz DEFAULT NULL,
        requested_by text DEFAULT NULL, note text DEFAULT NULL, OUT revoked bigint, OUT last bytea)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    of_issuer integer := stillgood.issuer_id(issuer);
    code smallint := stillgood.reason_code(reason);
    began timestamptz := clock_timestamp();
    first bytea := coalesce(after, '');
BEGIN
    IF most IS NULL OR most < 1 THEN
        RAISE EXCEPTION 'a part has one certificate at least' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT c.serial INTO last FROM stillgood.certificate c
     WHERE c.issuer = of_issuer AND c.serial > first ORDER BY c.serial OFFSET most - 1 LIMIT 1;
    PERFORM stillgood.set_event(requested_by, note);
    UPDATE stillgood.certificate c
       SET status = 1, reason = code,
           revoked_at = coalesce(revoke_recorded_part.revoked_at, c.revoked_at, began),
           invalidity_at = coalesce(revoke_recorded_part.invalidity_at, c.invalidity_at)
     WHERE c.issuer = of_issuer AND c.serial > first AND (last IS NULL OR c.serial <= last)
       AND c.status IN (0, 2);
    GET DIAGNOSTICS revoked = ROW_COUNT;
    PERFORM stillgood.set_event(NULL, NULL);
END $$;
COMMENT ON FUNCTION stillgood.revoke_recorded_part IS
    'As revoke_recorded(), of the next `most` certificates behind the serial `after`';

-- ---- roles --------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION stillgood.revoke_recorded, stillgood.revoke_recorded_part FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stillgood.revoke_recorded, stillgood.revoke_recorded_part
    TO stillgood_revocation, stillgood_admin;
