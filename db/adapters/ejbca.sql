-- Lets a responder answer from the tables of EJBCA (CertificateData, Base64CertData), as they are made by its
-- script for PostgreSQL. Run once by the owner of schema stillgood, who must be able to read them:
--
--   psql -X -v ON_ERROR_STOP=1 -v tables=public -d pki -f ejbca.sql
--
-- `tables` is the schema where EJBCA's tables are, or foreign tables with their columns. Register the CAs
-- (`stillgood issuer add`), then one of:
--
--   SELECT stillgood.follow_live('ejbca');    -- from now on in EJBCA's own transactions, at once
--   SELECT stillgood.follow('ejbca');         -- as of now; again and again: `stillgood db follow ejbca`
--
-- Running it again brings a new version of it. Certificates of CAs that are not registered are left out, those
-- with a negative serial number too. NoConflictCertificateData is not read.
\if :{?tables}
\else
    \set tables public
\endif
BEGIN;
CREATE SCHEMA IF NOT EXISTS stillgood_ejbca;
REVOKE ALL ON SCHEMA stillgood_ejbca FROM PUBLIC;

-- EJBCA names a certificate's CA by the fingerprint of the CA's certificate.
CREATE TABLE IF NOT EXISTS stillgood_ejbca.authority (
    fingerprint text PRIMARY KEY,
    issuer      integer NOT NULL REFERENCES stillgood.issuer
);

CREATE OR REPLACE VIEW stillgood_ejbca.stored AS
SELECT c.*, decode(coalesce(c.base64cert, b.base64cert), 'base64') AS certificate
  FROM :"tables".certificatedata AS c
  LEFT JOIN :"tables".base64certdata AS b ON b.fingerprint = c.fingerprint AND c.base64cert IS NULL;

-- Which of our issuers signed: the same subject and key, whichever of its certificates.
CREATE OR REPLACE FUNCTION stillgood_ejbca.learn_authorities() RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO stillgood_ejbca.authority (fingerprint, issuer)
    SELECT s.fingerprint, i.id FROM stillgood_ejbca.stored AS s
     CROSS JOIN LATERAL stillgood.certificate_parts(s.certificate) AS p
      JOIN stillgood.issuer AS i ON i.subject_hash = sha256(p.subject) AND i.key_hash = sha256(p.key)
     WHERE s.type IN (2, 8) -- sub CA, root CA
    ON CONFLICT DO NOTHING
$$;

-- Status: 20 active, 21 about to expire, 40 revoked (30 in old releases), 60 archived (50 likewise) with the
-- reason it had; the rest is not in use. Reason -1: none; 8: a hold that was lifted.
CREATE OR REPLACE VIEW stillgood_ejbca.certificate AS
WITH said AS (
    SELECT s.*, a.issuer,
           CASE WHEN s.status IN (30, 40) OR s.status IN (50, 60) AND s.revocationreason NOT IN (-1, 8)
                THEN CASE WHEN s.revocationreason = 6 OR s.status = 30 THEN 2 ELSE 1 END
                WHEN s.status IN (20, 21, 50, 60) THEN 0 ELSE 3 END::smallint AS state
      FROM stillgood_ejbca.stored AS s JOIN stillgood_ejbca.authority AS a ON a.fingerprint = s.cafingerprint
     WHERE s.serialnumber ~ '^[0-9]{1,150}$'
)
SELECT issuer, stillgood.serial_from_text('decimal:' || serialnumber) AS serial, state AS status,
       CASE WHEN state IN (1, 2) AND revocationreason BETWEEN 0 AND 10 THEN revocationreason::smallint
            END AS reason,
       CASE WHEN state IN (1, 2) THEN to_timestamp(
            CASE WHEN revocationdate > 0 THEN revocationdate ELSE updatetime END / 1000.0) END AS revoked_at,
       -- a column of newer releases
       CASE WHEN state IN (1, 2) AND (to_jsonb(said) ->> 'invaliditydate')::bigint > 0
            THEN to_timestamp((to_jsonb(said) ->> 'invaliditydate')::bigint / 1000.0) END AS invalidity_at,
       to_timestamp(expiredate / 1000.0) AS not_after, sha256(certificate) AS certificate_hash, fingerprint
  FROM said;

CREATE OR REPLACE FUNCTION stillgood_ejbca.changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows n WHERE n.type IN (2, 8)) THEN
        PERFORM stillgood_ejbca.learn_authorities();
    END IF;
    PERFORM stillgood.follow_row(ROW(v.issuer, v.serial, v.status, v.reason, v.revoked_at, v.invalidity_at,
                                     v.not_after, v.certificate_hash)::stillgood.followed_row)
       FROM new_rows n JOIN stillgood_ejbca.certificate v ON v.fingerprint = n.fingerprint;
    RETURN NULL;
END $$;

INSERT INTO stillgood.followed AS f (name, source, prepare, changed, tables)
VALUES ('ejbca', 'stillgood_ejbca.certificate', 'stillgood_ejbca.learn_authorities', 'stillgood_ejbca.changed',
        ARRAY[format('%I.certificatedata', :'tables')])
ON CONFLICT (name) DO UPDATE SET source = EXCLUDED.source, prepare = EXCLUDED.prepare,
    changed = EXCLUDED.changed, tables = EXCLUDED.tables;

COMMIT;
