-- Stillgood, migration 3: which certificate, which CA (P-6, P-7). db/README.md shows how a CA uses it.
--
--   serials       the functions read text as people paste it; octets without their leading 00, or octets
--                 that are text, are refused. wrong_serial keeps those that are there from before.
--   withdraw()    takes back what was recorded by mistake: status 3, answered as if it had no row.
--   issuer_name   further encodings of an issuer's subject.
--   inserts       have triggers by statement, like updates.
--
-- No function body has a backslash in a string: what it means there depends on the session.

-- ---- serials ------------------------------------------------------------------------------------

-- The content octets of a DER INTEGER for what people write; NULL if it is no number. Colons, dashes and
-- blanks may stand between digits.
CREATE FUNCTION stillgood.read_serial(written text) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    digits text := lower(regexp_replace(written, '[[:space:]]', '', 'g'));
    number numeric;
    octets bytea := '';
BEGIN
    IF length(digits) > 400 THEN
        RETURN NULL;
    END IF;
    IF digits ~ '^decimal:[0-9]+$' THEN
        number := substr(digits, 9)::numeric;
        WHILE number > 0 AND octet_length(octets) <= 64 LOOP
            octets := set_byte(decode('00', 'hex'), 0, mod(number, 256)::integer) || octets;
            number := div(number, 256);
        END LOOP;
    ELSE
        IF substr(digits, 1, 2) IN ('0x', chr(92) || 'x') THEN
            digits := substr(digits, 3);
        END IF;
        IF digits !~ '^[0-9a-f]([0-9a-f:-]*[0-9a-f])?$' THEN
            RETURN NULL;
        END IF;
        digits := ltrim(translate(digits, ':-', ''), '0');
        octets := decode(repeat('0', length(digits) % 2) || digits, 'hex');
    END IF;
    IF octets = '' OR get_byte(octets, 0) >= 128 THEN
        octets := decode('00', 'hex') || octets;
    END IF;
    IF octet_length(octets) > 64 THEN
        RETURN NULL;
    END IF;
    RETURN octets;
END $$;

CREATE FUNCTION stillgood.serial_from_text(written text) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    octets bytea := stillgood.read_serial(written);
BEGIN
    IF octets IS NULL THEN
        RAISE EXCEPTION '"%" is no serial number', left(written, 100)
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Hexadecimal, such as 0x00F3A1, 00:f3:a1 or F3A1, or decimal:62369; '
                         'up to 64 octets.';
    END IF;
    RETURN octets;
END $$;
COMMENT ON FUNCTION stillgood.serial_from_text IS
    'The content octets of a serial''s DER INTEGER: hexadecimal, or decimal:DIGITS, is read as the number';

-- A set first bit; or 8 octets and more that are all of them characters of a written number. A real
-- serial looks so once in 65 million; whoever has the certificate's hash had the certificate in hand.
-- The constraint certificate_serial_right says the same.
-- Without SET, so that it is inlined: the rows of an update pass it.
CREATE FUNCTION stillgood.serial_is_wrong(serial bytea, certificate_hash bytea) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT serial >= pg_catalog.decode('80', 'hex')
        OR pg_catalog.octet_length(serial) >= 8 AND certificate_hash IS NULL
           AND pg_catalog.btrim(serial, pg_catalog.decode(
               '303132333435363738394142434445466162636465665878203a2d5c', 'hex')) = ''
$$;

-- Always an error. Returns boolean to stand in a CHECK, which by itself would have no hint.
CREATE FUNCTION stillgood.refuse_serial(serial bytea, code text DEFAULT 'check_violation')
    RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    shown text := encode(serial, 'hex');
BEGIN
    IF get_byte(serial, 0) >= 128 THEN
        RAISE EXCEPTION 'serial %: its first bit is set, which makes it a negative number', shown
            USING ERRCODE = code, HINT = 'Put 00 in front: 00' || shown;
    END IF;
    RAISE EXCEPTION 'serial %: these octets are the text "%", not a number',
            shown, convert_from(serial, 'UTF8')
        USING ERRCODE = code,
              HINT = 'Store the number''s octets; the functions of schema stillgood and '
                     'serial_from_text() read text. If it is the number, give certificate_hash too.';
END $$;

-- For the functions: octets that a program gave, as DER has them.
CREATE FUNCTION stillgood.check_serial(serial bytea, certificate_hash bytea) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF serial IS NULL OR octet_length(serial) NOT BETWEEN 1 AND 64 THEN
        RAISE EXCEPTION 'a serial number has 1 to 64 octets'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF octet_length(serial) > 1 AND get_byte(serial, 0) = 0 AND get_byte(serial, 1) < 128 THEN
        RAISE EXCEPTION 'serial %: superfluous 00 in front', encode(serial, 'hex')
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Octets are given as in DER; text, as in ''00f3a1'', is read as the number.';
    END IF;
    IF stillgood.serial_is_wrong(serial, certificate_hash) THEN
        PERFORM stillgood.refuse_serial(serial, 'invalid_parameter_value');
    END IF;
END $$;

-- What is there from before. Nothing is added later, so a table of its own finds them at no cost to
-- the others. Writers wait meanwhile, readers do not.
LOCK TABLE stillgood.certificate IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE stillgood.wrong_serial (
    issuer       integer NOT NULL,
    serial       bytea NOT NULL,
    corrected_to bytea,
    PRIMARY KEY (issuer, serial)
);
COMMENT ON TABLE stillgood.wrong_serial IS
    'Rows of stillgood.certificate from before migration 3 whose serial is no number that was meant';
COMMENT ON COLUMN stillgood.wrong_serial.corrected_to IS 'By correct_serial()';
INSERT INTO stillgood.wrong_serial (issuer, serial)
SELECT c.issuer, c.serial FROM stillgood.certificate c
 WHERE c.serial >= '\x80'
    OR octet_length(c.serial) >= 8 AND c.certificate_hash IS NULL
       AND btrim(c.serial, '\x303132333435363738394142434445466162636465665878203a2d5c') = '';

-- NOT VALID: such rows stay. They can still be revoked: an update has counted the version before.
ALTER TABLE stillgood.certificate ADD CONSTRAINT certificate_serial_right CHECK (
    serial < '\x80'
    AND (octet_length(serial) < 8 OR certificate_hash IS NOT NULL
         OR btrim(serial, '\x303132333435363738394142434445466162636465665878203a2d5c') <> '')
    OR version > 1 OR stillgood.refuse_serial(serial)) NOT VALID;

-- Its rows are looked for under the certificate's serial.
ALTER TABLE stillgood.certificate_sct ADD CONSTRAINT certificate_sct_serial_right CHECK (
    serial < '\x80' OR stillgood.refuse_serial(serial)) NOT VALID;

-- Weaker than the one that it replaces, so no row needs to be read again.
ALTER TABLE stillgood.certificate DROP CONSTRAINT certificate_state;
ALTER TABLE stillgood.certificate ADD CONSTRAINT certificate_state CHECK (
    CASE status
         WHEN 0 THEN revoked_at IS NULL AND reason IS NULL AND invalidity_at IS NULL
         WHEN 1 THEN revoked_at IS NOT NULL
                     AND (reason IS NULL OR reason IN (0, 1, 2, 3, 4, 5, 9, 10))
         WHEN 2 THEN revoked_at IS NOT NULL AND reason IS NOT NULL AND reason = 6
         WHEN 3 THEN revoked_at IS NULL AND reason IS NULL AND invalidity_at IS NULL
         ELSE false END) NOT VALID;
COMMENT ON COLUMN stillgood.certificate.status IS
    '0 good, 1 revoked (for ever), 2 held (may be released), 3 withdrawn (recorded by mistake)';

-- ---- moves --------------------------------------------------------------------------------------

-- As before, and: withdrawn, which a revoked certificate never is and a held one only where its serial
-- is wrong. What was withdrawn may be recorded again, for another certificate too.
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
    IF OLD.certificate_hash IS NOT NULL AND OLD.status <> 3
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
    IF OLD.status = 2 AND NEW.status = 3
       AND NOT stillgood.serial_is_wrong(OLD.serial, OLD.certificate_hash) THEN
        RAISE EXCEPTION 'serial % of issuer % is on hold and cannot be withdrawn',
                encode(OLD.serial, 'hex'), OLD.issuer
            USING ERRCODE = 'check_violation', HINT = 'Release it first.';
    END IF;
    IF OLD.status = 3 AND NEW.status = 0
       AND stillgood.serial_is_wrong(OLD.serial, NEW.certificate_hash) THEN
        PERFORM stillgood.refuse_serial(OLD.serial);
    END IF;

    NEW.version := OLD.version;
    IF NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NULL; -- nothing changed: nothing is written
    END IF;
    IF NEW.status = OLD.status AND NEW.reason IS NOT DISTINCT FROM OLD.reason
       AND NEW.revoked_at IS NOT DISTINCT FROM OLD.revoked_at
       AND NEW.invalidity_at IS NOT DISTINCT FROM OLD.invalidity_at
       AND (NEW.crl IS NOT DISTINCT FROM OLD.crl OR NEW.status IN (0, 3))
       AND (NEW.not_after IS NOT DISTINCT FROM OLD.not_after
            -- added to a row that no responder holds in memory
            OR OLD.not_after IS NULL AND OLD.status = 0 AND OLD.version = 1)
       -- a wrong serial may stay, but only where the version is above 1
       AND (OLD.version > 1 OR NOT stillgood.serial_is_wrong(NEW.serial, NEW.certificate_hash)) THEN
        RETURN NEW; -- facts about the certificate, no news of its status
    END IF;
    IF NEW.revoked_at IS DISTINCT FROM OLD.revoked_at THEN
        PERFORM stillgood.refuse_future(NEW.revoked_at);
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;

-- Once for all rows of an INSERT or COPY. A load of good rows is looked through, no more.
CREATE OR REPLACE FUNCTION stillgood.certificate_after_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    latest timestamptz;
    highest smallint;
    first integer;
    last integer;
    missing integer;
BEGIN
    SELECT max(n.revoked_at), max(n.status), min(n.issuer), max(n.issuer)
      INTO latest, highest, first, last FROM new_rows n WHERE n.status <> 0;
    IF highest IS NULL THEN
        RETURN NULL;
    END IF;
    IF first < last THEN -- several issuers; one is known from here
        SELECT n.issuer INTO missing
          FROM (SELECT DISTINCT r.issuer FROM new_rows r WHERE r.status <> 0) AS n
         WHERE NOT EXISTS (SELECT FROM stillgood.issuer i WHERE i.id = n.issuer) LIMIT 1;
    ELSIF NOT EXISTS (SELECT FROM stillgood.issuer i WHERE i.id = first) THEN
        missing := first;
    END IF;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'there is no issuer with id %', missing
            USING ERRCODE = 'foreign_key_violation', HINT = 'Add it with: stillgood issuer add';
    END IF;
    IF highest = 3 THEN
        RAISE EXCEPTION 'a certificate that was never recorded cannot be withdrawn'
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM stillgood.refuse_future(latest);
    INSERT INTO stillgood.change_log
           (issuer, serial, version, status, reason, revoked_at, invalidity_at, not_after)
    SELECT n.issuer, n.serial, n.version, n.status, n.reason, n.revoked_at, n.invalidity_at,
           n.not_after
      FROM new_rows n WHERE n.status <> 0;
    INSERT INTO stillgood.revocation_event
           (issuer, serial, version, new_status, reason, revoked_at, invalidity_at,
            requested_by, note)
    SELECT n.issuer, n.serial, n.version, n.status, n.reason, n.revoked_at, n.invalidity_at,
           (SELECT stillgood.event_setting('requested_by')), (SELECT stillgood.event_setting('note'))
      FROM new_rows n WHERE n.status <> 0;
    RETURN NULL;
END $$;
DROP TRIGGER certificate_after_insert ON stillgood.certificate;
CREATE TRIGGER certificate_after_insert AFTER INSERT ON stillgood.certificate
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION stillgood.certificate_after_insert();

-- ---- issuers ------------------------------------------------------------------------------------

-- One element of DER that starts at `place` and ends by `bound`; NULLs if none does.
CREATE FUNCTION stillgood.der_element(der bytea, place integer, bound integer,
        OUT tag integer, OUT content integer, OUT next integer)
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    size integer;
    octets integer;
BEGIN
    IF place IS NULL OR place + 2 > bound THEN
        RETURN;
    END IF;
    size := get_byte(der, place + 1);
    content := place + 2;
    IF size >= 128 THEN
        octets := size - 128;
        size := 0;
        IF octets NOT BETWEEN 1 AND 3 OR content + octets > bound THEN
            content := NULL;
            RETURN;
        END IF;
        FOR i IN 1..octets LOOP
            size := size * 256 + get_byte(der, content);
            content := content + 1;
        END LOOP;
    END IF;
    IF content + size > bound THEN
        content := NULL;
        RETURN;
    END IF;
    tag := get_byte(der, place);
    next := content + size;
END $$;

-- What a CertID is made of. NULLs if it is no certificate.
CREATE FUNCTION stillgood.certificate_parts(certificate bytea,
        OUT issuer_name bytea, OUT subject bytea, OUT key bytea)
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whole record := stillgood.der_element(certificate, 0, octet_length(certificate));
    body record;
    part record;
    places integer[] := '{}';
    wanted integer;
BEGIN
    body := stillgood.der_element(certificate, whole.content, whole.next);
    IF whole.tag IS DISTINCT FROM 48 OR whole.next <> octet_length(certificate)
       OR body.tag IS DISTINCT FROM 48 THEN
        RETURN;
    END IF;
    part := stillgood.der_element(certificate, body.content, body.next);
    IF part.tag = 160 THEN -- version
        part := stillgood.der_element(certificate, part.next, body.next);
    END IF;
    IF part.tag IS DISTINCT FROM 2 THEN -- serialNumber
        RETURN;
    END IF;
    FOR i IN 1..5 LOOP -- signature, issuer, validity, subject, subjectPublicKeyInfo
        places := places || part.next;
        part := stillgood.der_element(certificate, part.next, body.next);
        IF part.tag IS DISTINCT FROM 48 THEN
            RETURN;
        END IF;
    END LOOP;
    wanted := part.next;
    part := stillgood.der_element(certificate, part.content, wanted); -- algorithm
    part := stillgood.der_element(certificate, part.next, wanted);
    IF part.tag IS DISTINCT FROM 3 OR part.next <= part.content THEN
        RETURN;
    END IF;
    issuer_name := substr(certificate, places[2] + 1, places[3] - places[2]);
    subject := substr(certificate, places[4] + 1, places[5] - places[4]);
    key := substr(certificate, part.content + 2, part.next - part.content - 1);
END $$;

-- Further encodings are counted in the issuer's row, so that a new one is a new version of it, which
-- responders are told of.
ALTER TABLE stillgood.issuer ADD COLUMN names integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN stillgood.issuer.names IS 'Encodings of its subject: its own and those of issuer_name';

CREATE TABLE stillgood.issuer_name (
    added_at    timestamptz NOT NULL DEFAULT now(),
    issuer      integer NOT NULL REFERENCES stillgood.issuer,
    name        bytea NOT NULL CHECK (octet_length(name) BETWEEN 2 AND 4096),
    name_hash   bytea NOT NULL GENERATED ALWAYS AS (sha256(name)) STORED,
    certificate bytea NOT NULL,
    CONSTRAINT issuer_name_pkey PRIMARY KEY (issuer, name_hash)
);
COMMENT ON TABLE stillgood.issuer_name IS
    'Further encodings of issuers'' subjects, each as a certificate has it that the issuer signed (P-7)';
COMMENT ON COLUMN stillgood.issuer_name.name IS 'The issuer field of that certificate, DER';
COMMENT ON COLUMN stillgood.issuer_name.certificate IS 'DER';

CREATE FUNCTION stillgood.issuer_certificate() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parts record := stillgood.certificate_parts(NEW.certificate);
    other text;
BEGIN
    IF parts.key IS NULL THEN
        RAISE EXCEPTION 'issuer "%": this is no certificate in DER', NEW.name
            USING ERRCODE = 'check_violation', HINT = 'Add it with: stillgood issuer add';
    END IF;
    IF sha256(parts.subject) <> NEW.subject_hash OR sha256(parts.key) <> NEW.key_hash THEN
        RAISE EXCEPTION 'issuer "%": this certificate has another subject or key', NEW.name
            USING ERRCODE = 'check_violation', HINT = 'Another subject or key is another issuer.';
    END IF;
    SELECT i.name INTO other FROM stillgood.issuer_name n JOIN stillgood.issuer i ON i.id = n.issuer
     WHERE n.name_hash = NEW.subject_hash AND i.key_hash = NEW.key_hash;
    IF FOUND AND TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'issuer "%" has this key, and this subject in another encoding', other
            USING ERRCODE = 'unique_violation';
    END IF;
    RETURN NEW;
END $$;
-- Not for every UPDATE: whatever certificate is there, its issuer can be revoked.
CREATE TRIGGER issuer_certificate BEFORE INSERT OR UPDATE OF certificate ON stillgood.issuer
    FOR EACH ROW EXECUTE FUNCTION stillgood.issuer_certificate();

CREATE FUNCTION stillgood.issuer_name_before_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parts record := stillgood.certificate_parts(NEW.certificate);
    known stillgood.issuer;
    other text;
BEGIN
    IF NEW.name IS DISTINCT FROM parts.issuer_name THEN
        RAISE EXCEPTION 'the certificate does not have this name as its issuer'
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT i.* INTO known FROM stillgood.issuer i WHERE i.id = NEW.issuer;
    -- Issuers of one key exclude each other's names; one at a time looks.
    PERFORM FROM stillgood.issuer i WHERE i.key_hash = known.key_hash ORDER BY i.id FOR UPDATE;
    SELECT i.name INTO other FROM stillgood.issuer i
      LEFT JOIN stillgood.issuer_name n ON n.issuer = i.id AND n.name_hash = sha256(NEW.name)
     WHERE i.key_hash = known.key_hash
       AND (i.subject_hash = sha256(NEW.name) OR n.issuer IS NOT NULL AND i.id <> known.id);
    IF FOUND THEN
        RAISE EXCEPTION 'this name and key are those of issuer "%"', other
            USING ERRCODE = 'unique_violation';
    END IF;
    IF (SELECT count(*) FROM stillgood.issuer_name n WHERE n.issuer = known.id) >= 16
       AND NOT EXISTS (SELECT FROM stillgood.issuer_name n
                        WHERE n.issuer = known.id AND n.name_hash = sha256(NEW.name)) THEN
        RAISE EXCEPTION 'issuer "%" has 16 further encodings of its name already', known.name
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER issuer_name_before_insert BEFORE INSERT ON stillgood.issuer_name
    FOR EACH ROW EXECUTE FUNCTION stillgood.issuer_name_before_insert();

CREATE FUNCTION stillgood.issuer_name_after_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE stillgood.issuer i
       SET names = 1 + (SELECT count(*) FROM stillgood.issuer_name n WHERE n.issuer = i.id)
     WHERE i.id = coalesce(NEW.issuer, OLD.issuer);
    RETURN NULL;
END $$;
CREATE TRIGGER issuer_name_after_change AFTER INSERT OR DELETE ON stillgood.issuer_name
    FOR EACH ROW EXECUTE FUNCTION stillgood.issuer_name_after_change();
CREATE TRIGGER issuer_name_refuse BEFORE UPDATE OR TRUNCATE ON stillgood.issuer_name
    FOR EACH STATEMENT EXECUTE FUNCTION stillgood.refuse_statement();

CREATE FUNCTION stillgood.learn_issuer_name(issuer text, certificate bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number integer := stillgood.issuer_id(issuer);
    parts record := stillgood.certificate_parts(certificate);
BEGIN
    IF parts.issuer_name IS NULL THEN
        RAISE EXCEPTION 'this is no certificate in DER' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM FROM stillgood.issuer i
     WHERE i.id = number AND i.subject_hash = sha256(parts.issuer_name);
    IF FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO stillgood.issuer_name (issuer, name, certificate)
    VALUES (number, parts.issuer_name, learn_issuer_name.certificate)
    ON CONFLICT ON CONSTRAINT issuer_name_pkey DO NOTHING;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION stillgood.learn_issuer_name IS
    'Takes a further encoding of an issuer''s subject from a certificate. The caller has verified it with '
    'the issuer''s key and compared the names by RFC 5280, 7.1. False: the encoding is known';

-- ---- functions ----------------------------------------------------------------------------------
-- Each exists for octets as in DER and for text. A literal or parameter without a type is text.

CREATE FUNCTION stillgood.seconds(at timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN pg_catalog.isfinite(at)
                THEN extract(epoch FROM pg_catalog.date_trunc('second', at AT TIME ZONE 'UTC'))::bigint
                END
$$;
COMMENT ON FUNCTION stillgood.seconds IS
    'The second that answers say: fractions are cut off. NULL for infinity, which is no time';

-- For the functions: the row, locked, or an error.
CREATE OR REPLACE FUNCTION stillgood.certificate_for_update(issuer text, serial bytea)
    RETURNS stillgood.certificate
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    issuer_number integer := stillgood.issuer_id(issuer);
    locked stillgood.certificate;
BEGIN
    SELECT c.* INTO locked FROM stillgood.certificate c
     WHERE c.issuer = issuer_number AND c.serial = certificate_for_update.serial FOR UPDATE;
    PERFORM stillgood.check_serial(serial, locked.certificate_hash);
    IF locked.serial IS NULL THEN
        RAISE EXCEPTION 'issuer "%" has no certificate with serial %', issuer, encode(serial, 'hex')
            USING ERRCODE = 'no_data_found', HINT = 'Record it first with stillgood.issue().';
    END IF;
    RETURN locked;
END $$;

-- The same where a withdrawn row is as good as none.
CREATE FUNCTION stillgood.recorded_for_update(issuer text, serial bytea)
    RETURNS stillgood.certificate
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    locked stillgood.certificate := stillgood.certificate_for_update(issuer, serial);
BEGIN
    IF locked.status = 3 THEN
        RAISE EXCEPTION 'issuer "%": the certificate with serial % was withdrawn',
                issuer, encode(serial, 'hex')
            USING ERRCODE = 'no_data_found', HINT = 'Record it again with stillgood.issue().';
    END IF;
    RETURN locked;
END $$;

CREATE OR REPLACE FUNCTION stillgood.issue(issuer text, serial bytea,
        not_after timestamptz DEFAULT NULL, certificate_hash bytea DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    id integer := stillgood.issuer_id(issuer);
    known_hash bytea := certificate_hash;
BEGIN
    IF stillgood.serial_is_wrong(serial, known_hash) THEN -- or its hash was recorded before
        SELECT c.certificate_hash INTO known_hash FROM stillgood.certificate c
         WHERE c.issuer = id AND c.serial = issue.serial AND c.status <> 3;
    END IF;
    PERFORM stillgood.check_serial(serial, known_hash);
    INSERT INTO stillgood.certificate (issuer, serial, not_after, certificate_hash)
    VALUES (id, issue.serial, issue.not_after, known_hash)
    ON CONFLICT ON CONSTRAINT certificate_pkey DO NOTHING;
    IF FOUND THEN
        RETURN true;
    END IF;
    -- Known already: what was not known of it is added, what contradicts is refused by the trigger.
    -- Nothing counts of what was withdrawn.
    UPDATE stillgood.certificate c
       SET status = CASE c.status WHEN 3 THEN 0 ELSE c.status END,
           not_after = CASE c.status WHEN 3 THEN issue.not_after
                       ELSE coalesce(c.not_after, issue.not_after) END,
           certificate_hash = CASE c.status WHEN 3 THEN known_hash
                              ELSE coalesce(issue.certificate_hash, c.certificate_hash) END
     WHERE c.issuer = id AND c.serial = issue.serial;
    RETURN FOUND;
END $$;

CREATE FUNCTION stillgood.issue(issuer text, serial text, not_after timestamptz DEFAULT NULL,
        certificate_hash bytea DEFAULT NULL) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT stillgood.issue(issuer, stillgood.serial_from_text(serial), not_after, certificate_hash)
$$;
COMMENT ON FUNCTION stillgood.issue(text, text, timestamptz, bytea) IS
    'Records an issued certificate as good. False: it was recorded before (facts missing then are added)';

CREATE FUNCTION stillgood.revoke(issuer text, serial text, reason text DEFAULT NULL,
        revoked_at timestamptz DEFAULT NULL, invalidity_at timestamptz DEFAULT NULL,
        requested_by text DEFAULT NULL, note text DEFAULT NULL) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT stillgood.revoke(issuer, stillgood.serial_from_text(serial), reason, revoked_at,
                            invalidity_at, requested_by, note)
$$;
COMMENT ON FUNCTION stillgood.revoke(text, text, text, timestamptz, timestamptz, text, text) IS
    'Revokes for ever, or corrects reason and dates of a revocation. False: nothing changed';

CREATE FUNCTION stillgood.hold(issuer text, serial text, held_at timestamptz DEFAULT NULL,
        invalidity_at timestamptz DEFAULT NULL, requested_by text DEFAULT NULL,
        note text DEFAULT NULL) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT stillgood.hold(issuer, stillgood.serial_from_text(serial), held_at, invalidity_at,
                          requested_by, note)
$$;
COMMENT ON FUNCTION stillgood.hold(text, text, timestamptz, timestamptz, text, text) IS
    'Revokes with reason certificateHold, until release() or revoke(). False: was on hold already';

CREATE OR REPLACE FUNCTION stillgood.release(issuer text, serial bytea,
        requested_by text DEFAULT NULL, note text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old stillgood.certificate := stillgood.recorded_for_update(issuer, serial);
BEGIN
    RETURN stillgood.set_status(old, 0::smallint, NULL, NULL, NULL, requested_by, note);
END $$;

CREATE FUNCTION stillgood.release(issuer text, serial text, requested_by text DEFAULT NULL,
        note text DEFAULT NULL) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT stillgood.release(issuer, stillgood.serial_from_text(serial), requested_by, note)
$$;
COMMENT ON FUNCTION stillgood.release(text, text, text, text) IS
    'Ends a hold: good again. False: was good already';

CREATE FUNCTION stillgood.withdraw(issuer text, serial bytea, requested_by text DEFAULT NULL,
        note text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old stillgood.certificate := stillgood.certificate_for_update(issuer, serial);
BEGIN
    RETURN stillgood.set_status(old, 3::smallint, NULL, NULL, NULL, requested_by, note);
END $$;
COMMENT ON FUNCTION stillgood.withdraw(text, bytea, text, text) IS
    'Takes back a certificate that was recorded by mistake and is good. False: it was withdrawn before';

CREATE FUNCTION stillgood.withdraw(issuer text, serial text, requested_by text DEFAULT NULL,
        note text DEFAULT NULL) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT stillgood.withdraw(issuer, stillgood.serial_from_text(serial), requested_by, note)
$$;
COMMENT ON FUNCTION stillgood.withdraw(text, text, text, text) IS
    'Takes back a certificate that was recorded by mistake and is good. False: it was withdrawn before';

-- No default for the number: a call without one means the function for octets.
CREATE FUNCTION stillgood.record_crl(issuer text, number text, url text DEFAULT NULL,
        issued_at timestamptz DEFAULT NULL) RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT stillgood.record_crl(issuer, stillgood.serial_from_text(number), url, issued_at)
$$;
COMMENT ON FUNCTION stillgood.record_crl(text, text, text, timestamptz) IS
    'The id of a CRL for set_crl() and stillgood.certificate.crl; the same for the same CRL';

CREATE OR REPLACE FUNCTION stillgood.set_crl(issuer text, serial bytea, crl integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old stillgood.certificate := stillgood.recorded_for_update(issuer, serial);
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

CREATE FUNCTION stillgood.set_crl(issuer text, serial text, crl integer) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT stillgood.set_crl(issuer, stillgood.serial_from_text(serial), crl)
$$;
COMMENT ON FUNCTION stillgood.set_crl(text, text, integer) IS
    'Notes which CRL brought a certificate''s status. False: it was noted before';

CREATE OR REPLACE FUNCTION stillgood.store_scts(issuer text, serial bytea, list bytea)
    RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old stillgood.certificate := stillgood.recorded_for_update(issuer, serial);
BEGIN
    INSERT INTO stillgood.certificate_sct AS s (issuer, serial, list)
    VALUES (old.issuer, old.serial, store_scts.list)
    ON CONFLICT ON CONSTRAINT certificate_sct_pkey DO UPDATE SET list = EXCLUDED.list
     WHERE s.list <> EXCLUDED.list;
    RETURN FOUND;
END $$;

CREATE FUNCTION stillgood.store_scts(issuer text, serial text, list bytea) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT stillgood.store_scts(issuer, stillgood.serial_from_text(serial), list)
$$;
COMMENT ON FUNCTION stillgood.store_scts(text, text, bytea) IS
    'Stores the SCTs of a certificate, instead of earlier ones. False: they were stored before';

CREATE FUNCTION stillgood.certificate_status(issuer text, serial bytea)
    RETURNS TABLE (status smallint, reason smallint, revoked_at timestamptz,
                   invalidity_at timestamptz, not_after timestamptz, version bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.status, c.reason, c.revoked_at, c.invalidity_at, c.not_after, c.version
      FROM stillgood.certificate c
     WHERE c.issuer = stillgood.issuer_id(certificate_status.issuer)
       AND c.serial = certificate_status.serial
$$;
COMMENT ON FUNCTION stillgood.certificate_status(text, bytea) IS
    'What is recorded of one certificate; no row: nothing is';

CREATE FUNCTION stillgood.certificate_status(issuer text, serial text)
    RETURNS TABLE (status smallint, reason smallint, revoked_at timestamptz,
                   invalidity_at timestamptz, not_after timestamptz, version bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.* FROM stillgood.certificate_status(issuer, stillgood.serial_from_text(serial)) AS s
$$;
COMMENT ON FUNCTION stillgood.certificate_status(text, text) IS
    'What is recorded of one certificate; no row: nothing is';

-- What somebody must know who is about to revoke an issuer. Counts up to a bound, because he waits.
CREATE FUNCTION stillgood.certificate_counts(issuer text, most integer)
    RETURNS TABLE (recorded bigint, good bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*), count(*) FILTER (WHERE c.status = 0)
      FROM (SELECT r.status FROM stillgood.certificate r
             WHERE r.issuer = stillgood.issuer_id(certificate_counts.issuer) AND r.status <> 3
             LIMIT most) AS c
$$;
COMMENT ON FUNCTION stillgood.certificate_counts IS
    'How many certificates are recorded of an issuer, and good; most of them are counted, no more';

-- ---- what is wrong from before ------------------------------------------------------------------

-- OFFSET 0: a condition on what is computed here must not meet certificates that are not wrong, because
-- their octets are no text, and they are many.
CREATE VIEW stillgood.wrong_serials AS
    SELECT i.name AS issuer, c.issuer AS issuer_id, c.serial, c.status, k.kind,
           CASE k.kind
                WHEN 'text' THEN stillgood.read_serial(convert_from(c.serial, 'UTF8'))
                ELSE CASE WHEN octet_length(c.serial) < 64 THEN '\x00' || c.serial END
                END AS right_serial,
           CASE WHEN k.kind = 'text' AND btrim(c.serial, '\x30313233343536373839') = ''
                THEN stillgood.read_serial('decimal:' || convert_from(c.serial, 'UTF8'))
                END AS decimal_serial
      FROM (SELECT c.*
              FROM stillgood.wrong_serial w
              JOIN stillgood.certificate c ON c.issuer = w.issuer AND c.serial = w.serial
             WHERE w.corrected_to IS NULL AND c.status <> 3
               AND (c.serial >= '\x80' OR c.certificate_hash IS NULL)
            OFFSET 0) AS c
      LEFT JOIN stillgood.issuer i ON i.id = c.issuer
     CROSS JOIN LATERAL (SELECT CASE WHEN c.serial >= '\x80' THEN 'negative' ELSE 'text' END
                                AS kind) AS k;
COMMENT ON VIEW stillgood.wrong_serials IS
    'Rows from before migration 3 that still need correct_serial(), with the numbers that may be meant';

CREATE VIEW stillgood.orphans AS
    WITH RECURSIVE ids AS (
        (SELECT c.issuer FROM stillgood.certificate c ORDER BY c.issuer LIMIT 1)
        UNION ALL
        SELECT (SELECT c.issuer FROM stillgood.certificate c
                 WHERE c.issuer > ids.issuer ORDER BY c.issuer LIMIT 1)
          FROM ids WHERE ids.issuer IS NOT NULL
    )
    SELECT ids.issuer,
           (SELECT count(*) FROM (SELECT FROM stillgood.certificate c
                                   WHERE c.issuer = ids.issuer LIMIT 10000) AS counted)
               AS certificates
      FROM ids
     WHERE ids.issuer IS NOT NULL
       AND NOT EXISTS (SELECT FROM stillgood.issuer i WHERE i.id = ids.issuer);
COMMENT ON VIEW stillgood.orphans IS
    'Issuer ids of certificates that no issuer has, with their number: 10000 means that many or more';

-- The right row becomes at least as strict as the wrong one, which is withdrawn unless it is revoked.
CREATE FUNCTION stillgood.correct_serial(issuer text, wrong bytea, "right" bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    id integer := stillgood.issuer_id(issuer);
    note text := 'serial corrected, was ' || encode(wrong, 'hex');
    old stillgood.certificate;
    new stillgood.certificate;
    changed boolean := false;
BEGIN
    SELECT c.* INTO old FROM stillgood.certificate c
     WHERE c.issuer = id AND c.serial = wrong FOR UPDATE;
    UPDATE stillgood.wrong_serial w SET corrected_to = "right"
     WHERE w.issuer = id AND w.serial = wrong;
    IF NOT FOUND OR old.serial IS NULL THEN
        RAISE EXCEPTION 'issuer "%" has no wrong serial %', issuer, encode(wrong, 'hex')
            USING ERRCODE = 'no_data_found', HINT = 'They are in the view stillgood.wrong_serials.';
    END IF;
    IF old.status <> 3 THEN
        -- A certificate whose serial looks like text needs its hash; issue() checks that.
        changed := stillgood.issue(issuer, "right", old.not_after, old.certificate_hash);
        new := stillgood.certificate_for_update(issuer, "right");
        IF old.status IN (1, 2) AND new.status <> 1 AND NOT (old.status = 2 AND new.status = 2) THEN
            changed := stillgood.set_status(new, old.status, old.reason, old.revoked_at,
                                            old.invalidity_at, NULL, note);
            UPDATE stillgood.certificate c SET crl = old.crl
             WHERE c.issuer = id AND c.serial = "right" AND old.crl IS NOT NULL;
        END IF;
        INSERT INTO stillgood.certificate_sct (issuer, serial, list)
        SELECT s.issuer, "right", s.list FROM stillgood.certificate_sct s
         WHERE s.issuer = id AND s.serial = wrong ON CONFLICT DO NOTHING;
        IF old.status <> 1 THEN
            changed := stillgood.set_status(old, 3::smallint, NULL, NULL, NULL, NULL,
                                            'serial corrected, is ' || encode("right", 'hex'));
        END IF;
    END IF;
    RETURN changed;
END $$;
COMMENT ON FUNCTION stillgood.correct_serial IS
    'Sets right one row of wrong_serials: the certificate is recorded under its number with the same '
    'status. False: nothing changed';

-- ---- roles --------------------------------------------------------------------------------------

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stillgood_desk') THEN
        CREATE ROLE stillgood_desk NOLOGIN;
        COMMENT ON ROLE stillgood_desk IS 'Stillgood: revokes, holds, releases single certificates';
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- made by somebody else at this moment
END $$;

REVOKE ALL ON FUNCTION
    stillgood.read_serial, stillgood.serial_from_text, stillgood.serial_is_wrong,
    stillgood.refuse_serial, stillgood.check_serial, stillgood.der_element,
    stillgood.certificate_parts, stillgood.issuer_certificate, stillgood.issuer_name_before_insert,
    stillgood.issuer_name_after_change, stillgood.learn_issuer_name, stillgood.seconds,
    stillgood.recorded_for_update, stillgood.issue(text, text, timestamptz, bytea),
    stillgood.revoke(text, text, text, timestamptz, timestamptz, text, text),
    stillgood.hold(text, text, timestamptz, timestamptz, text, text),
    stillgood.release(text, text, text, text), stillgood.withdraw(text, bytea, text, text),
    stillgood.withdraw(text, text, text, text), stillgood.set_crl(text, text, integer),
    stillgood.record_crl(text, text, text, timestamptz),
    stillgood.store_scts(text, text, bytea), stillgood.certificate_status(text, bytea),
    stillgood.certificate_status(text, text), stillgood.certificate_counts,
    stillgood.correct_serial
    FROM PUBLIC;

GRANT USAGE ON SCHEMA stillgood TO stillgood_desk;
GRANT SELECT ON stillgood.migration, stillgood.issuer, stillgood.issuer_name TO stillgood_desk;
GRANT SELECT ON stillgood.issuer_name
    TO stillgood_responder, stillgood_ca, stillgood_revocation, stillgood_admin;
GRANT INSERT (issuer, name, certificate) ON stillgood.issuer_name TO stillgood_ca, stillgood_admin;
GRANT SELECT ON stillgood.wrong_serials, stillgood.orphans
    TO stillgood_responder, stillgood_ca, stillgood_admin;

GRANT EXECUTE ON FUNCTION stillgood.serial_from_text, stillgood.read_serial, stillgood.seconds
    TO stillgood_responder, stillgood_ca, stillgood_revocation, stillgood_desk, stillgood_admin;
-- The table's checks and row triggers run as the writer.
GRANT EXECUTE ON FUNCTION stillgood.serial_is_wrong, stillgood.refuse_serial
    TO stillgood_ca, stillgood_admin;
GRANT EXECUTE ON FUNCTION stillgood.issue(text, text, timestamptz, bytea),
    stillgood.withdraw(text, bytea, text, text), stillgood.withdraw(text, text, text, text),
    stillgood.store_scts(text, text, bytea), stillgood.learn_issuer_name
    TO stillgood_ca, stillgood_admin;
GRANT EXECUTE ON FUNCTION stillgood.set_crl(text, text, integer),
    stillgood.record_crl(text, text, text, timestamptz)
    TO stillgood_ca, stillgood_revocation, stillgood_admin;
GRANT EXECUTE ON FUNCTION
    stillgood.revoke(text, text, text, timestamptz, timestamptz, text, text),
    stillgood.hold(text, text, timestamptz, timestamptz, text, text),
    stillgood.release(text, text, text, text), stillgood.certificate_status(text, bytea),
    stillgood.certificate_status(text, text)
    TO stillgood_ca, stillgood_revocation, stillgood_desk, stillgood_admin;
GRANT EXECUTE ON FUNCTION
    stillgood.revoke(text, bytea, text, timestamptz, timestamptz, text, text),
    stillgood.hold(text, bytea, timestamptz, timestamptz, text, text),
    stillgood.release(text, bytea, text, text)
    TO stillgood_desk;
GRANT EXECUTE ON FUNCTION stillgood.certificate_counts TO stillgood_revocation, stillgood_admin;
GRANT EXECUTE ON FUNCTION stillgood.correct_serial TO stillgood_admin;
