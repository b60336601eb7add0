-- Lets a responder answer from the tables of step-ca on PostgreSQL (x509_certs, revoked_x509_certs). Run once by
-- the owner of schema stillgood, who must be able to read them:
--
--   psql -X -v ON_ERROR_STOP=1 -v tables=public -d pki -f step-ca.sql
--
-- `tables` is the schema where step-ca's tables are, or foreign tables with their columns. Register its
-- intermediate CA (`stillgood issuer add`), say that it is this one's, then one of:
--
--   SELECT stillgood_step.authority('Example Intermediate CA');
--   SELECT stillgood.follow_live('step-ca');   -- from now on in step-ca's own transactions, at once
--   SELECT stillgood.follow('step-ca');        -- as of now; again and again: `stillgood db follow step-ca`
--
-- Left out is what nobody can tell whose it is: certificates with another issuer's name, or with a name that two
-- authorities have; serial numbers of which only the revocation is there, where there are several authorities.
\if :{?tables}
\else
    \set tables public
\endif
BEGIN;
CREATE SCHEMA IF NOT EXISTS stillgood_step;
REVOKE ALL ON SCHEMA stillgood_step FROM PUBLIC;

CREATE TABLE IF NOT EXISTS stillgood_step.authority (issuer integer PRIMARY KEY REFERENCES stillgood.issuer);

CREATE OR REPLACE FUNCTION stillgood_step.authority(issuer text) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO stillgood_step.authority (issuer) VALUES (stillgood.issuer_id(issuer)) ON CONFLICT DO NOTHING
$$;

-- A revocation whose details cannot be read is one all the same.
CREATE OR REPLACE FUNCTION stillgood_step.details(value bytea, OUT reason integer, OUT revoked_at timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said jsonb;
BEGIN
    said := convert_from(value, 'UTF8')::jsonb;
    reason := (said ->> 'ReasonCode')::integer;
    revoked_at := (said ->> 'RevokedAt')::timestamptz;
EXCEPTION WHEN data_exception THEN
    NULL;
END $$;

CREATE OR REPLACE VIEW stillgood_step.certificate AS
WITH said AS (
    SELECT coalesce(c.nkey, r.nkey) AS nkey, c.nvalue AS certificate, r.nkey IS NOT NULL AS is_revoked,
           d.reason, d.revoked_at
      FROM :"tables".x509_certs AS c
      FULL JOIN :"tables".revoked_x509_certs AS r ON r.nkey = c.nkey
      LEFT JOIN LATERAL stillgood_step.details(r.nvalue) AS d ON r.nkey IS NOT NULL
     WHERE encode(coalesce(c.nkey, r.nkey), 'escape') ~ '^[0-9]{1,150}$'
)
SELECT i.id AS issuer, stillgood.serial_from_text('decimal:' || encode(s.nkey, 'escape')) AS serial,
       CASE WHEN NOT s.is_revoked THEN 0 WHEN s.reason = 6 THEN 2 ELSE 1 END::smallint AS status,
       CASE WHEN s.is_revoked AND s.reason BETWEEN 0 AND 10 THEN s.reason::smallint END AS reason,
       CASE WHEN s.is_revoked THEN s.revoked_at END AS revoked_at, NULL::timestamptz AS invalidity_at,
       stillgood.certificate_not_after(s.certificate) AS not_after, sha256(s.certificate) AS certificate_hash,
       s.nkey
  FROM said AS s
  JOIN stillgood.issuer AS i ON i.id IN (SELECT a.issuer FROM stillgood_step.authority AS a)
   AND CASE WHEN s.certificate IS NULL THEN (SELECT count(*) FROM stillgood_step.authority) = 1
            ELSE i.subject_hash = sha256((stillgood.certificate_parts(s.certificate)).issuer_name)
             AND (SELECT count(*) FROM stillgood_step.authority AS a JOIN stillgood.issuer AS o ON o.id = a.issuer
                   WHERE o.subject_hash = i.subject_hash) = 1 END;

CREATE OR REPLACE FUNCTION stillgood_step.changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM stillgood.follow_row(ROW(v.issuer, v.serial, v.status, v.reason, v.revoked_at, v.invalidity_at,
                                     v.not_after, v.certificate_hash)::stillgood.followed_row)
       FROM new_rows n JOIN stillgood_step.certificate v ON v.nkey = n.nkey;
    RETURN NULL;
END $$;

INSERT INTO stillgood.followed AS f (name, source, changed, tables)
VALUES ('step-ca', 'stillgood_step.certificate', 'stillgood_step.changed',
        ARRAY[format('%I.x509_certs', :'tables'), format('%I.revoked_x509_certs', :'tables')])
ON CONFLICT (name) DO UPDATE SET source = EXCLUDED.source, changed = EXCLUDED.changed,
    tables = EXCLUDED.tables;

COMMIT;
