-- Stillgood, migration 6: CRLs as a source. db/README.md shows how a CA uses it.
--
--   crl_scope   the latest CRLs of an issuer, a row for each part of its certificates that has CRLs of its
--               own: mostly one.
--   issuer      how long absence from all of them proves something. It stands in the issuer's row, so that
--               a new CRL is a new version of it, which responders are told of in the same transaction as
--               of what the CRL revokes.

-- CRLs of two parts of an issuer's certificates may have the same number and time.
ALTER TABLE stillgood.crl
    ADD COLUMN scope bytea CHECK (octet_length(scope) IN (0, 32));
COMMENT ON COLUMN stillgood.crl.scope IS
    'Of which part, as in crl_scope: Stillgood has read it. NULL: somebody else has';
DROP INDEX stillgood.crl_identity;
CREATE UNIQUE INDEX crl_identity ON stillgood.crl
    (issuer, coalesce(number, ''), coalesce(url, ''), coalesce(issued_at, 'infinity'), coalesce(scope, '\x00'));

CREATE OR REPLACE FUNCTION stillgood.record_crl(issuer text, number bytea DEFAULT NULL, url text DEFAULT NULL,
        issued_at timestamptz DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    issuer_number integer := stillgood.issuer_id(issuer);
    found_id integer;
BEGIN
    INSERT INTO stillgood.crl (issuer, number, url, issued_at)
    VALUES (issuer_number, record_crl.number, record_crl.url, record_crl.issued_at)
    ON CONFLICT DO NOTHING RETURNING id INTO found_id;
    IF found_id IS NULL THEN
        SELECT c.id INTO found_id FROM stillgood.crl c
         WHERE c.issuer = issuer_number AND c.number IS NOT DISTINCT FROM record_crl.number
           AND c.url IS NOT DISTINCT FROM record_crl.url
           AND c.issued_at IS NOT DISTINCT FROM record_crl.issued_at AND c.scope IS NULL;
    END IF;
    RETURN found_id;
END $$;

CREATE TABLE stillgood.crl_scope (
    this_update    timestamptz NOT NULL CHECK (this_update >= '1970-01-01 00:00:00+00'
                                               AND this_update < '10000-01-01 00:00:00+00'),
    next_update    timestamptz CHECK (next_update >= this_update AND next_update < '10000-01-01 00:00:00+00'),
    recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    issuer         integer NOT NULL REFERENCES stillgood.issuer,
    crl            integer NOT NULL REFERENCES stillgood.crl,
    proves_absence boolean NOT NULL,
    scope          bytea NOT NULL CHECK (octet_length(scope) IN (0, 32)),
    number         bytea CHECK (octet_length(number) BETWEEN 1 AND 20),
    full_number    bytea CHECK (octet_length(full_number) BETWEEN 1 AND 20),
    sha256         bytea CHECK (octet_length(sha256) = 32),
    CONSTRAINT crl_scope_pkey PRIMARY KEY (issuer, scope)
);
COMMENT ON TABLE stillgood.crl_scope IS 'The latest CRL of each issuer, or of each part that it divides them into';
COMMENT ON COLUMN stillgood.crl_scope.scope IS
    'SHA-256 of the issuingDistributionPoint, DER; empty: the CRL has none';
COMMENT ON COLUMN stillgood.crl_scope.proves_absence IS
    'Is what it does not list not revoked? Not where it has some reasons only';
COMMENT ON COLUMN stillgood.crl_scope.number IS
    'CRLNumber of the latest, full or delta; the content octets of its DER INTEGER';
COMMENT ON COLUMN stillgood.crl_scope.full_number IS 'CRLNumber of the latest full one: the base of deltas';
COMMENT ON COLUMN stillgood.crl_scope.sha256 IS 'Of the latest, DER; NULL: somebody else has read it';
COMMENT ON COLUMN stillgood.crl_scope.next_update IS 'NULL: it does not say, and proves nothing';

ALTER TABLE stillgood.issuer
    ADD COLUMN crl_scopes smallint CHECK (crl_scopes BETWEEN 1 AND 10000),
    ADD COLUMN crl_from timestamptz,
    ADD COLUMN crl_until timestamptz,
    ADD COLUMN crl integer,
    ADD CONSTRAINT issuer_crl_window CHECK (num_nulls(crl_from, crl_until) IN (0, 2));
COMMENT ON COLUMN stillgood.issuer.crl_scopes IS
    'How many parts have CRLs of their own; with fewer or more of them absence proves nothing. NULL: one, that '
    'is about every certificate (without issuingDistributionPoint)';
COMMENT ON COLUMN stillgood.issuer.crl_from IS
    'As of when a certificate on none of its CRLs is not revoked: the earliest thisUpdate; NULL: not proven';
COMMENT ON COLUMN stillgood.issuer.crl_until IS 'And until when: the earliest nextUpdate';
COMMENT ON COLUMN stillgood.issuer.crl IS 'stillgood.crl.id: the latest CRL';

-- What the CRLs of an issuer prove together. The lock comes first, in a statement of its own: two that
-- bring CRLs of two parts at the same time see each other's.
CREATE FUNCTION stillgood.settle_crl_window(of_issuer integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parts integer;
    whole boolean;
    proven boolean;
    since timestamptz;
    until timestamptz;
    latest integer;
BEGIN
    PERFORM FROM stillgood.issuer i WHERE i.id = of_issuer FOR UPDATE;
    SELECT count(*), coalesce(bool_and(s.scope = ''), false),
           coalesce(bool_and(s.proves_absence AND s.next_update IS NOT NULL), false),
           min(s.this_update), min(s.next_update),
           (array_agg(s.crl ORDER BY s.recorded_at DESC, s.crl DESC))[1]
      INTO parts, whole, proven, since, until, latest
      FROM stillgood.crl_scope s WHERE s.issuer = of_issuer;
    UPDATE stillgood.issuer i
       SET crl = latest,
           crl_from = CASE WHEN proven AND (parts = i.crl_scopes OR i.crl_scopes IS NULL AND whole)
                           THEN since END,
           crl_until = CASE WHEN proven AND (parts = i.crl_scopes OR i.crl_scopes IS NULL AND whole)
                            THEN until END
     WHERE i.id = of_issuer;
END $$;

CREATE FUNCTION stillgood.crl_scope_after_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM stillgood.settle_crl_window(CASE WHEN TG_OP = 'DELETE' THEN OLD.issuer ELSE NEW.issuer END);
    RETURN NULL;
END $$;
CREATE TRIGGER crl_scope_after_change AFTER INSERT OR UPDATE OR DELETE ON stillgood.crl_scope
    FOR EACH ROW EXECUTE FUNCTION stillgood.crl_scope_after_change();

-- ---- functions: how a CA writes -----------------------------------------------------------------

CREATE FUNCTION stillgood.set_crl_scopes(issuer text, scopes integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_issuer integer := stillgood.issuer_id(issuer);
    changed boolean;
BEGIN
    UPDATE stillgood.issuer i SET crl_scopes = scopes WHERE i.id = of_issuer AND i.crl_scopes IS DISTINCT FROM scopes;
    changed := FOUND;
    PERFORM stillgood.settle_crl_window(of_issuer);
    RETURN changed;
END $$;
COMMENT ON FUNCTION stillgood.set_crl_scopes IS
    'How many parts an issuer''s CRLs divide its certificates into; NULL: none, they are about all. False: it '
    'was so before';

CREATE FUNCTION stillgood.record_crl_window(issuer text, this_update timestamptz, next_update timestamptz,
        number bytea DEFAULT NULL, url text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_issuer integer := stillgood.issuer_id(issuer);
BEGIN
    IF this_update IS NULL OR next_update IS NULL OR this_update > clock_timestamp() + interval '1 minute' THEN
        RAISE EXCEPTION 'a CRL begins at a time that is not in the future, and has an end'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO stillgood.crl_scope AS s
           (issuer, scope, crl, this_update, next_update, proves_absence, number, full_number)
    VALUES (of_issuer, '', stillgood.record_crl(issuer, number, url, this_update), this_update,
            next_update, true, number, number)
    ON CONFLICT ON CONSTRAINT crl_scope_pkey DO UPDATE
       SET crl = EXCLUDED.crl, this_update = EXCLUDED.this_update, next_update = EXCLUDED.next_update,
           proves_absence = true, number = EXCLUDED.number, full_number = EXCLUDED.number, sha256 = NULL,
           recorded_at = clock_timestamp()
     WHERE s.this_update < EXCLUDED.this_update;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION stillgood.record_crl_window IS
    'For those who read CRLs themselves: all that this one revokes is recorded. False: not newer than the last';

-- ---- roles --------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION stillgood.settle_crl_window, stillgood.crl_scope_after_change,
    stillgood.set_crl_scopes, stillgood.record_crl_window FROM PUBLIC;
GRANT SELECT ON stillgood.crl_scope TO stillgood_responder, stillgood_ca, stillgood_admin;
GRANT INSERT (scope) ON stillgood.crl TO stillgood_ca, stillgood_admin;
GRANT INSERT (issuer, scope, crl, this_update, next_update, proves_absence, number, full_number, sha256),
    UPDATE (crl, this_update, next_update, recorded_at, proves_absence, number, full_number, sha256)
    ON stillgood.crl_scope TO stillgood_ca, stillgood_admin;
GRANT DELETE ON stillgood.crl_scope TO stillgood_admin;
GRANT EXECUTE ON FUNCTION stillgood.set_crl_scopes TO stillgood_admin;
GRANT EXECUTE ON FUNCTION stillgood.record_crl_window TO stillgood_ca, stillgood_admin;
