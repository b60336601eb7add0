-- Stillgood, migration 5: following the tables of a CA program that knows nothing of Stillgood.
--
-- A view says in our words what the CA's tables say (db/adapters/). Its rows are brought into
-- stillgood.certificate, where everything holds that holds for rows of our own: versions, the change log,
-- revoked stays revoked. Two ways:
--
--   live       triggers on the CA's tables do it in the CA's own transaction: nothing differs from before.
--   at times   stillgood.follow() does it. Then nothing is proven that is newer than its last beginning:
--              evidence is bounded by complete_at, so good ends when nobody calls it any more.

CREATE TABLE stillgood.followed (
    name           text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
    source         text NOT NULL,
    prepare        text,
    changed        text NOT NULL,
    tables         text[] NOT NULL,
    live           boolean NOT NULL DEFAULT false CHECK (NOT live OR cardinality(tables) > 0),
    complete_at    timestamptz,
    contradictions bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE stillgood.followed IS 'CA programs whose own tables are followed, by views over them';
COMMENT ON COLUMN stillgood.followed.source IS
    'The view, with its schema; its columns are those of the type stillgood.followed_row';
COMMENT ON COLUMN stillgood.followed.prepare IS 'A function without arguments that is called before; NULL: none';
COMMENT ON COLUMN stillgood.followed.changed IS
    'The function of these triggers: takes new_rows, gives what the view has of them to follow_row()';
COMMENT ON COLUMN stillgood.followed.tables IS
    'Those of the CA, with their schemas, that bear the triggers stillgood_follow_insert and _update while live';
COMMENT ON COLUMN stillgood.followed.complete_at IS
    'What was committed there before this moment has been brought here; NULL: nothing yet';
COMMENT ON COLUMN stillgood.followed.contradictions IS
    'Rows of which the two say what cannot both be, at the last follow(); see follow_contradictions()';

CREATE TYPE stillgood.followed_row AS (
    issuer integer, serial bytea, status smallint, reason smallint, revoked_at timestamptz,
    invalidity_at timestamptz, not_after timestamptz, certificate_hash bytea
);
COMMENT ON TYPE stillgood.followed_row IS
    'As the columns of stillgood.certificate; status 3 is what was never issued or was taken back';

-- What a certificate says of its end; NULL if it is none.
CREATE FUNCTION stillgood.certificate_not_after(certificate bytea) RETURNS timestamptz
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    body record := stillgood.der_element(certificate, 0, octet_length(certificate));
    part record;
    written text;
    zone constant text := 'UTC';
BEGIN
    body := stillgood.der_element(certificate, body.content, body.next);
    part := stillgood.der_element(certificate, body.content, body.next);
    IF part.tag = 160 THEN -- version
        part := stillgood.der_element(certificate, part.next, body.next);
    END IF;
    FOR i IN 1..3 LOOP -- signature, issuer, validity
        part := stillgood.der_element(certificate, part.next, body.next);
    END LOOP;
    body := part;
    part := stillgood.der_element(certificate, body.content, body.next); -- notBefore
    part := stillgood.der_element(certificate, part.next, body.next);
    IF part.tag IS NULL OR part.tag NOT IN (23, 24) THEN
        RETURN NULL;
    END IF;
    written := encode(substr(certificate, part.content + 1, part.next - part.content), 'escape');
    IF part.tag = 23 THEN -- UTCTime, RFC 5280, 4.1.2.5.1
        written := CASE WHEN substr(written, 1, 2) >= '50' THEN '19' ELSE '20' END || written;
    END IF;
    IF written = '99991231235959Z' THEN
        RETURN 'infinity';
    END IF;
    RETURN CASE WHEN written ~ '^[0-9]{14}Z$' THEN make_timestamptz(
        substr(written, 1, 4)::integer, substr(written, 5, 2)::integer, substr(written, 7, 2)::integer,
        substr(written, 9, 2)::integer, substr(written, 11, 2)::integer,
        substr(written, 13, 2)::double precision, zone) END;
END $$;

-- One certificate as the CA's tables have it: 'same', 'changed', or 'contradicts': what is stricter stays.
CREATE FUNCTION stillgood.follow_row(said stillgood.followed_row) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known stillgood.certificate;
    other boolean;
BEGIN
    IF said.status IN (1, 2) THEN
        -- The date is for people: a clock that is ahead must not keep a revocation out.
        said.revoked_at := CASE WHEN said.revoked_at <= clock_timestamp() THEN said.revoked_at END;
        said.reason := CASE WHEN said.status = 2 THEN 6
                            WHEN said.reason IN (0, 1, 2, 3, 4, 5, 9, 10) THEN said.reason END;
    ELSE
        said.revoked_at := NULL;
        said.reason := NULL;
        said.invalidity_at := NULL;
    END IF;

    LOOP
        SELECT c.* INTO known FROM stillgood.certificate c
         WHERE c.issuer = said.issuer AND c.serial = said.serial FOR UPDATE;
        EXIT WHEN FOUND;
        IF said.status = 3 THEN
            RETURN 'same';
        ELSIF stillgood.serial_is_wrong(said.serial, said.certificate_hash) THEN
            RETURN 'contradicts';
        END IF;
        INSERT INTO stillgood.certificate
               (issuer, serial, status, reason, revoked_at, invalidity_at, not_after, certificate_hash)
        VALUES (said.issuer, said.serial, said.status, said.reason,
                CASE WHEN said.status IN (1, 2) THEN coalesce(said.revoked_at, clock_timestamp()) END,
                said.invalidity_at, said.not_after, said.certificate_hash)
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            RETURN 'changed';
        END IF;
    END LOOP;

    -- Two certificates with one serial number: nothing is told of the second but what is stricter.
    other := known.status <> 3 AND known.certificate_hash <> said.certificate_hash;
    IF known.status = 1 AND said.status <> 1 OR known.status = 2 AND said.status = 3
       OR other AND (said.status IN (0, 3) OR known.status = said.status) THEN
        RETURN 'contradicts';
    END IF;
    UPDATE stillgood.certificate c
       SET status = said.status, reason = said.reason, invalidity_at = said.invalidity_at,
           revoked_at = CASE WHEN said.status IN (1, 2)
                             THEN coalesce(said.revoked_at, known.revoked_at, clock_timestamp()) END,
           not_after = CASE WHEN other THEN known.not_after ELSE coalesce(said.not_after, known.not_after) END,
           certificate_hash = CASE WHEN known.status = 3 THEN said.certificate_hash
                                   ELSE coalesce(known.certificate_hash, said.certificate_hash) END
     WHERE c.issuer = said.issuer AND c.serial = said.serial;
    RETURN CASE WHEN NOT FOUND THEN 'same' WHEN other THEN 'contradicts' ELSE 'changed' END;
END $$;

-- Rows of a followed view that are not here as they are there.
CREATE FUNCTION stillgood.follow_differences(source text) RETURNS SETOF stillgood.followed_row
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT v.issuer, v.serial, v.status::smallint, v.reason::smallint, v.revoked_at, v.invalidity_at,'
        ' v.not_after, v.certificate_hash FROM %s AS v LEFT JOIN stillgood.certificate AS c'
        ' ON c.issuer = v.issuer AND c.serial = v.serial WHERE CASE WHEN c.serial IS NULL THEN v.status <> 3'
        ' ELSE c.status <> v.status OR v.not_after <> c.not_after OR v.not_after IS NOT NULL AND c.not_after'
        ' IS NULL OR v.certificate_hash <> c.certificate_hash OR v.certificate_hash IS NOT NULL AND'
        ' c.certificate_hash IS NULL OR v.status = 1 AND (v.reason IS DISTINCT FROM c.reason'
        ' AND (c.reason IS NOT NULL OR v.reason IN (0, 1, 2, 3, 4, 5, 9, 10)))'
        ' OR v.status IN (1, 2) AND (v.revoked_at <> c.revoked_at'
        ' OR v.invalidity_at IS DISTINCT FROM c.invalidity_at) END', source);
END $$;

-- Brings what differs. In a transaction of its own: complete_at is when that began.
CREATE FUNCTION stillgood.follow(name text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ours stillgood.followed;
    changed bigint;
    against bigint;
BEGIN
    SELECT f.* INTO ours FROM stillgood.followed f WHERE f.name = follow.name FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing is followed by the name %', coalesce(quote_literal(name), 'NULL')
            USING ERRCODE = 'no_data_found', HINT = 'Run the adapter of your CA program first.';
    END IF;
    IF ours.prepare IS NOT NULL THEN
        EXECUTE format('SELECT %s()', ours.prepare);
    END IF;
    WITH done AS MATERIALIZED (
        SELECT stillgood.follow_row(d) AS what FROM stillgood.follow_differences(ours.source) AS d
    ) SELECT count(*) FILTER (WHERE d.what = 'changed'), count(*) FILTER (WHERE d.what = 'contradicts')
        INTO changed, against FROM done d;
    IF against > 0 THEN
        RAISE WARNING '% of % contradict what is recorded here, and what is stricter stays', against, name
            USING HINT = format('SELECT * FROM stillgood.follow_contradictions(%L)', name);
    END IF;
    UPDATE stillgood.followed f SET complete_at = transaction_timestamp(), contradictions = against
     WHERE f.name = follow.name;
    RETURN changed;
END $$;

-- From here on in the CA's own transactions, or (false) no more. Writers of the CA wait until it is done.
CREATE FUNCTION stillgood.follow_live(name text, live boolean DEFAULT true) RETURNS bigint
    LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ours stillgood.followed;
    place text;
    event text;
    differed bigint;
BEGIN
    SELECT f.* INTO ours FROM stillgood.followed f WHERE f.name = follow_live.name;
    FOREACH place IN ARRAY coalesce(ours.tables, '{}') LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', place);
        FOREACH event IN ARRAY ARRAY['insert', 'update'] LOOP
            EXECUTE format('DROP TRIGGER IF EXISTS stillgood_follow_%s ON %s', event, place);
            IF live THEN
                EXECUTE format('CREATE TRIGGER stillgood_follow_%1$s AFTER %1$s ON %2$s REFERENCING NEW TABLE'
                               ' AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %3$s()',
                               event, place, ours.changed);
            END IF;
        END LOOP;
    END LOOP;
    differed := stillgood.follow(name); -- and says so where there is no such name
    UPDATE stillgood.followed f SET live = follow_live.live WHERE f.name = follow_live.name;
    RETURN differed;
END $$;

-- What differs right after a follow() could not be brought.
CREATE FUNCTION stillgood.follow_contradictions(name text)
    RETURNS TABLE (issuer text, serial text, theirs smallint, ours smallint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.name, encode(d.serial, 'hex'), d.status, c.status
      FROM stillgood.followed f, stillgood.follow_differences(f.source) d
      JOIN stillgood.issuer i ON i.id = d.issuer
      LEFT JOIN stillgood.certificate c ON c.issuer = d.issuer AND c.serial = d.serial
     WHERE f.name = follow_contradictions.name ORDER BY 1, 2
$$;

REVOKE ALL ON FUNCTION stillgood.certificate_not_after, stillgood.follow_row,
    stillgood.follow_differences, stillgood.follow, stillgood.follow_live,
    stillgood.follow_contradictions FROM PUBLIC;
GRANT SELECT ON stillgood.followed TO stillgood_responder, stillgood_ca, stillgood_admin;
GRANT EXECUTE ON FUNCTION stillgood.follow, stillgood.follow_contradictions
    TO stillgood_ca, stillgood_admin;
