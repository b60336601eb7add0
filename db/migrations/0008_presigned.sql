-- Stillgood, migration 8: answers that were signed beforehand. `stillgood import answers` proves them and puts
-- them here; responders whose section says source = presigned prove them again and give them out as they are.
--
--   presigned   one row an answer: a certificate has one for each CertID that clients ask with.
--   issuer      how often that changed, and the answer that ends first. It stands in the issuer's row, so that a
--               change is a new version of it, which responders are told of.

CREATE TABLE stillgood.presigned (
    this_update      timestamptz NOT NULL CHECK (this_update >= '0001-01-01 00:00:00+00'),
    next_update      timestamptz NOT NULL CHECK (next_update < '10000-01-01 00:00:00+00'),
    imported_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    issuer           integer NOT NULL REFERENCES stillgood.issuer,
    status           smallint NOT NULL CHECK (status IN (0, 1)),
    with_certificate boolean NOT NULL DEFAULT false,
    serial           bytea NOT NULL CHECK (octet_length(serial) BETWEEN 1 AND 64),
    certid           bytea NOT NULL CHECK (octet_length(certid) = 32),
    answer           bytea NOT NULL CHECK (octet_length(answer) BETWEEN 1 AND 65536),
    CONSTRAINT presigned_pkey PRIMARY KEY (issuer, serial, certid),
    CONSTRAINT presigned_lasts CHECK (next_update > this_update)
);
-- What was signed cannot be compressed.
ALTER TABLE stillgood.presigned ALTER COLUMN answer SET STORAGE EXTERNAL;
CREATE INDEX presigned_ends ON stillgood.presigned (issuer, next_update) WHERE NOT with_certificate;
COMMENT ON TABLE stillgood.presigned IS 'Answers that were signed beforehand, to be given out as they are';
COMMENT ON COLUMN stillgood.presigned.status IS '0: the answer says good, 1: revoked or on hold';
COMMENT ON COLUMN stillgood.presigned.certid IS 'SHA-256 of the CertID, DER, as the answer has it';
COMMENT ON COLUMN stillgood.presigned.answer IS 'OCSPResponse, DER';
COMMENT ON COLUMN stillgood.presigned.with_certificate IS
    'It ends when its certificate does, so that nobody needs another one';

ALTER TABLE stillgood.issuer
    ADD COLUMN presigned integer NOT NULL DEFAULT 0,
    ADD COLUMN presigned_from timestamptz,
    ADD COLUMN presigned_until timestamptz,
    ADD CONSTRAINT issuer_presigned CHECK (num_nulls(presigned_from, presigned_until) IN (0, 2));
COMMENT ON COLUMN stillgood.issuer.presigned IS 'How often its answers in stillgood.presigned have changed';
COMMENT ON COLUMN stillgood.issuer.presigned_until IS
    'When the first of them ends, of those that do not end with their certificates; NULL: there is none';
COMMENT ON COLUMN stillgood.issuer.presigned_from IS 'And when that one began';

-- ---- triggers -----------------------------------------------------------------------------------

CREATE FUNCTION stillgood.settle_presigned(of_issuer integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    since timestamptz;
    until timestamptz;
BEGIN
    PERFORM FROM stillgood.issuer i WHERE i.id = of_issuer FOR UPDATE;
    SELECT p.this_update, p.next_update INTO since, until FROM stillgood.presigned p
     WHERE p.issuer = of_issuer AND NOT p.with_certificate ORDER BY p.next_update LIMIT 1;
    UPDATE stillgood.issuer i
       SET presigned = i.presigned % 2147483647 + 1, presigned_from = since, presigned_until = until
     WHERE i.id = of_issuer;
END $$;

CREATE FUNCTION stillgood.presigned_after_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed integer;
BEGIN
    FOR changed IN SELECT DISTINCT c.issuer FROM changed_rows c ORDER BY 1 LOOP
        PERFORM stillgood.settle_presigned(changed);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER presigned_after_insert AFTER INSERT ON stillgood.presigned
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION stillgood.presigned_after_change();
CREATE TRIGGER presigned_after_update AFTER UPDATE ON stillgood.presigned
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION stillgood.presigned_after_change();
CREATE TRIGGER presigned_after_delete AFTER DELETE ON stillgood.presigned
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION stillgood.presigned_after_change();
CREATE TRIGGER presigned_refuse BEFORE TRUNCATE ON stillgood.presigned
    FOR EACH STATEMENT EXECUTE FUNCTION stillgood.refuse_statement();

-- ---- roles --------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION stillgood.settle_presigned, stillgood.presigned_after_change FROM PUBLIC;
GRANT SELECT ON stillgood.presigned TO stillgood_responder, stillgood_ca, stillgood_admin;
GRANT INSERT (this_update, next_update, issuer, status, with_certificate, serial, certid, answer),
    UPDATE (this_update, next_update, imported_at, status, with_certificate, answer), DELETE
    ON stillgood.presigned TO stillgood_ca, stillgood_admin;
