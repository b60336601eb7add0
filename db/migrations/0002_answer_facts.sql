-- Stillgood, migration 2: what answers may say besides the status (P-30). db/README.md shows how a CA
-- stores it.
--
--   crl               one row a CRL that brought statuses; a certificate's row refers to it by number,
--                     which costs a row that has none nothing.
--   certificate_sct   the SCTs of a certificate, in a table of their own: a list is several times as
--                     long as a row of stillgood.certificate, and most certificates have none.

CREATE TABLE stillgood.crl (
    issued_at timestamptz CHECK (issued_at > '1970-01-01 00:00:00+00'
                                 AND issued_at < '10000-01-01 00:00:00+00'),
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    issuer    integer NOT NULL REFERENCES stillgood.issuer,
    number    bytea,
    url       text,
    -- X.690, 8.3.2, and not negative.
    CONSTRAINT crl_number_fits CHECK (
        octet_length(number) BETWEEN 1 AND 20 AND get_byte(number, 0) < 128
        AND CASE WHEN octet_length(number) > 1 AND get_byte(number, 0) = 0
                 THEN get_byte(number, 1) >= 128 ELSE true END),
    CONSTRAINT crl_url_fits CHECK (octet_length(url) BETWEEN 1 AND 512 AND url ~ '^[\x21-\x7e]+$'),
    CONSTRAINT crl_says_something CHECK (num_nonnulls(url, number, issued_at) > 0)
);
-- NULLs are not equal to each other; these stand-ins are no values.
CREATE UNIQUE INDEX crl_identity ON stillgood.crl
    (issuer, coalesce(number, ''), coalesce(url, ''), coalesce(issued_at, 'infinity'));
COMMENT ON TABLE stillgood.crl IS 'CRLs that brought the status of certificates (CrlID, RFC 6960 4.4.2)';
COMMENT ON COLUMN stillgood.crl.number IS 'CRLNumber, the content octets of its DER INTEGER';
COMMENT ON COLUMN stillgood.crl.issued_at IS 'thisUpdate of the CRL';

-- No foreign key, for the reason given at the table; a number that does not exist reads as NULL.
ALTER TABLE stillgood.certificate ADD COLUMN crl integer;
COMMENT ON COLUMN stillgood.certificate.crl IS 'stillgood.crl.id: the CRL that brought the status, if any';

-- A 16-bit length and that many octets: one SCT or more, each with its 16-bit length, none empty.
CREATE FUNCTION stillgood.sct_list_fits(list bytea) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    size integer := octet_length(list);
    place integer := 2;
BEGIN
    IF size < 5 OR size > 2048 OR get_byte(list, 0) * 256 + get_byte(list, 1) <> size - 2 THEN
        RETURN false;
    END IF;
    WHILE place + 2 < size LOOP
        IF get_byte(list, place) = 0 AND get_byte(list, place + 1) = 0 THEN
            RETURN false;
        END IF;
        place := place + 2 + get_byte(list, place) * 256 + get_byte(list, place + 1);
    END LOOP;
    RETURN place = size;
END $$;

CREATE TABLE stillgood.certificate_sct (
    issuer integer NOT NULL,
    serial bytea NOT NULL,
    list   bytea NOT NULL,
    CONSTRAINT certificate_sct_pkey PRIMARY KEY (issuer, serial),
    CONSTRAINT certificate_sct_list CHECK (stillgood.sct_list_fits(list))
);
COMMENT ON TABLE stillgood.certificate_sct IS 'Signed certificate timestamps of certificates';
COMMENT ON COLUMN stillgood.certificate_sct.list IS
    'SignedCertificateTimestampList as TLS encodes it (RFC 6962 3.3), without an OCTET STRING around it';

-- As before, and: another CRL of a certificate that is not good is news for its answer.
CREATE OR REPLACE FUNCTION stillgood.certificate_before_update() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.status = 0 AND NEW.status <> 0
       AND NEW.revoked_at < clock_timestamp() + interval '1 minute'
       AND NEW.issuer = OLD.issuer AND NEW.serial = OLD.serial
       AND NEW.certificate_hash IS NOT DISTINCT FROM OLD.certificate_hash THEN
        NEW.version := OLD.version + 1;
        RETURN NEW;
    END IF;

    IF NEW.issuer <> OLD.issuer OR NEW.serial <> OLD.serial THEN
        RAISE EXCEPTION 'issuer and serial of a certificate never change'
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.certificate_hash IS NOT NULL
       AND NEW.certificate_hash IS DISTINCT FROM OLD.certificate_hash THEN
        RAISE EXCEPTION 'serial % of issuer % already stands for another certificate',
                encode(OLD.serial, 'hex'), OLD.issuer
            USING ERRCODE = 'unique_violation',
                  HINT = 'Two certificates with one serial number are a fault of the CA.';
    END IF;
    IF OLD.status = 1 AND NEW.status <> 1 THEN
        RAISE EXCEPTION 'serial % of issuer % is revoked and stays revoked',
                encode(OLD.serial, 'hex'), OLD.issuer
            USING ERRCODE = 'check_violation',
                  HINT = 'Only a certificate on hold can be released.';
    END IF;

    NEW.version := OLD.version;
    IF NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NULL; -- nothing changed: nothing is written
    END IF;
    IF NEW.status = OLD.status AND NEW.reason IS NOT DISTINCT FROM OLD.reason
       AND NEW.revoked_at IS NOT DISTINCT FROM OLD.revoked_at
       AND NEW.invalidity_at IS NOT DISTINCT FROM OLD.invalidity_at
       AND (NEW.crl IS NOT DISTINCT FROM OLD.crl OR NEW.status = 0)
       AND (NEW.not_after IS NOT DISTINCT FROM OLD.not_after
            -- added to a row that no responder holds in memory
            OR OLD.not_after IS NULL AND OLD.status = 0 AND OLD.version = 1) THEN
        RETURN NEW; -- facts about the certificate, no news of its status
    END IF;
    IF NEW.revoked_at IS DISTINCT FROM OLD.revoked_at THEN
        PERFORM stillgood.refuse_future(NEW.revoked_at);
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;

-- ---- functions: how a CA writes -----------------------------------------------------------------

CREATE FUNCTION stillgood.record_crl(issuer text, number bytea DEFAULT NULL, url text DEFAULT NULL,
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
           AND c.issued_at IS NOT DISTINCT FROM record_crl.issued_at;
    END IF;
    RETURN found_id;
END $$;
COMMENT ON FUNCTION stillgood.record_crl IS
    'The id of a CRL for set_crl() and stillgood.certificate.crl; the same for the same CRL';

CREATE FUNCTION stillgood.set_crl(issuer text, serial bytea, crl integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old stillgood.certificate := stillgood.certificate_for_update(issuer, serial);
BEGIN
    PERFORM FROM stillgood.crl c WHERE c.id = set_crl.crl AND c.issuer = old.issuer;
    IF NOT FOUND AND set_crl.crl IS NOT NULL THEN
        RAISE EXCEPTION 'issuer "%" has no CRL with id %', issuer, crl
            USING ERRCODE = 'no_data_found', HINT = 'Record it with stillgood.record_crl().';
    END IF;
    UPDATE stillgood.certificate c SET crl = set_crl.crl
     WHERE c.issuer = old.issuer AND c.serial = old.serial;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION stillgood.set_crl IS
    'Notes which CRL brought a certificate''s status. False: it was noted before';

CREATE FUNCTION stillgood.store_scts(issuer text, serial bytea, list bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old stillgood.certificate := stillgood.certificate_for_update(issuer, serial);
BEGIN
    INSERT INTO stillgood.certificate_sct AS s (issuer, serial, list)
    VALUES (old.issuer, old.serial, store_scts.list)
    ON CONFLICT ON CONSTRAINT certificate_sct_pkey DO UPDATE SET list = EXCLUDED.list
     WHERE s.list <> EXCLUDED.list;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION stillgood.store_scts IS
    'Stores the SCTs of a certificate, instead of earlier ones. False: they were stored before';

-- ---- roles --------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION stillgood.sct_list_fits, stillgood.record_crl, stillgood.set_crl,
    stillgood.store_scts FROM PUBLIC;

GRANT SELECT ON stillgood.crl, stillgood.certificate_sct TO stillgood_responder;

GRANT SELECT ON stillgood.crl, stillgood.certificate_sct TO stillgood_ca, stillgood_admin;
GRANT INSERT (crl), UPDATE (crl) ON stillgood.certificate TO stillgood_ca, stillgood_admin;
GRANT INSERT (issuer, number, url, issued_at) ON stillgood.crl TO stillgood_ca, stillgood_admin;
GRANT INSERT (issuer, serial, list), UPDATE (list) ON stillgood.certificate_sct
    TO stillgood_ca, stillgood_admin;
-- The table's check runs as the writer.
GRANT EXECUTE ON FUNCTION stillgood.sct_list_fits TO stillgood_ca, stillgood_admin;
GRANT EXECUTE ON FUNCTION stillgood.store_scts TO stillgood_ca, stillgood_admin;
GRANT EXECUTE ON FUNCTION stillgood.record_crl, stillgood.set_crl
    TO stillgood_ca, stillgood_revocation, stillgood_admin;
