-- Stillgood, migration 4: one history (doc/design.md, One history). Transaction numbers mean something
-- inside one history of one cluster only.
--
--   heartbeat          carries the primary's snapshot, timeline and forgotten prepared transactions,
--                      which a standby cannot know by itself.
--   change_log_trim    says which log rows are gone: whoever has not read them loads everything.
--   trim_change_log()  goes by marks of this cluster only.

ALTER TABLE stillgood.heartbeat ADD COLUMN snapshot pg_snapshot, ADD COLUMN timeline bigint,
    ADD COLUMN prepared text;
COMMENT ON COLUMN stillgood.heartbeat.snapshot IS
    'Of the primary, taken before the heartbeat''s commit: what a standby that shows this row does not '
    'show yet is not visible in it either';
COMMENT ON COLUMN stillgood.heartbeat.timeline IS 'Of the primary';
COMMENT ON COLUMN stillgood.heartbeat.prepared IS
    'Prepared transactions of the primary that have been open for a minute, for people; NULL: none';

-- A row that somebody deleted comes back.
CREATE OR REPLACE FUNCTION stillgood.heartbeat() RETURNS timestamptz
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- A commit that a standby has not replayed yet when it shows this row came after it in the WAL,
    -- so after this moment, and its transaction had not ended in this snapshot.
    INSERT INTO stillgood.heartbeat AS h (beat_at, snapshot, timeline, prepared)
    VALUES (clock_timestamp(), pg_current_snapshot(),
            ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint,
            (SELECT string_agg(format('"%s" of "%s" since %s',
                        regexp_replace(p.gid, '[[:cntrl:]]', '?', 'g'), p.owner,
                        to_char(p.prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"')), ', ')
               FROM (SELECT x.* FROM pg_prepared_xacts x WHERE x.database = current_database()
                        AND x.prepared < clock_timestamp() - interval '1 minute'
                      ORDER BY x.prepared LIMIT 8) AS p))
    ON CONFLICT (one_row) DO UPDATE
       SET beat_at = EXCLUDED.beat_at, snapshot = EXCLUDED.snapshot,
           timeline = EXCLUDED.timeline, prepared = EXCLUDED.prepared
    RETURNING h.beat_at
$$;

-- ---- what is gone from the log ------------------------------------------------------------------

-- A table of its own: whoever trims for long must not keep the heartbeat waiting.
CREATE TABLE stillgood.change_log_trim (
    times   bigint NOT NULL DEFAULT 0,
    highest xid8 NOT NULL DEFAULT '0',
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row)
);
INSERT INTO stillgood.change_log_trim DEFAULT VALUES;
COMMENT ON TABLE stillgood.change_log_trim IS
    'One row, by trigger: how often rows were deleted from the log, and the highest transaction among them';

-- Rows with numbers that this cluster has not reached came with a dump; their removal is no loss.
CREATE FUNCTION stillgood.change_log_after_delete() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    removed xid8;
BEGIN
    SELECT o.xid INTO removed FROM old_rows o
     WHERE o.xid < pg_snapshot_xmax(pg_current_snapshot())
        OR o.xid = pg_current_xact_id_if_assigned()
     ORDER BY o.xid DESC LIMIT 1;
    IF removed IS NOT NULL THEN
        INSERT INTO stillgood.change_log_trim AS t (times, highest) VALUES (1, removed)
        ON CONFLICT (one_row) DO UPDATE
           SET times = t.times + 1, highest = greatest(t.highest, EXCLUDED.highest);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER change_log_after_delete AFTER DELETE ON stillgood.change_log
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION stillgood.change_log_after_delete();

-- Marks from before say nothing of which cluster they are.
ALTER TABLE stillgood.change_log_mark ADD COLUMN system bigint;
DELETE FROM stillgood.change_log_mark;
ALTER TABLE stillgood.change_log_mark ALTER COLUMN system SET NOT NULL;
COMMENT ON COLUMN stillgood.change_log_mark.system IS 'The cluster''s system identifier';

CREATE OR REPLACE FUNCTION stillgood.trim_change_log(keep interval DEFAULT '1 day') RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this bigint := (SELECT c.system_identifier FROM pg_control_system() c);
    now_open xid8 := pg_snapshot_xmin(pg_current_snapshot());
    below xid8;
    trimmed bigint := 0;
BEGIN
    IF keep < interval '1 hour' THEN
        RAISE EXCEPTION 'the change log is kept for an hour at least'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'A responder that was cut off for less continues from the log.';
    END IF;
    -- Of another cluster, or of a future that was lost: they say nothing of what was readable here.
    DELETE FROM stillgood.change_log_mark m WHERE m.system <> this OR m.horizon > now_open;
    INSERT INTO stillgood.change_log_mark (horizon, system) VALUES (now_open, this);
    SELECT m.horizon INTO below FROM stillgood.change_log_mark m
     WHERE m.taken_at < clock_timestamp() - keep ORDER BY m.taken_at DESC LIMIT 1;
    IF FOUND THEN
        DELETE FROM stillgood.change_log l WHERE l.xid < below;
        GET DIAGNOSTICS trimmed = ROW_COUNT;
        DELETE FROM stillgood.change_log_mark m WHERE m.horizon < below;
    END IF;
    RETURN trimmed;
END $$;

-- ---- roles --------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION stillgood.change_log_after_delete FROM PUBLIC;
GRANT SELECT ON stillgood.change_log_trim TO stillgood_responder, stillgood_admin;
-- Is an issuer's certificate that of its subject and key?
GRANT EXECUTE ON FUNCTION stillgood.certificate_parts, stillgood.der_element TO stillgood_responder;
