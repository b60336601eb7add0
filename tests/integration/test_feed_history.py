"""The feed on a database whose history, log or schema is not what it was (doc/faults.md rows 35–41), seen
through db_driver.c."""
import os
import random
import threading
import time

import pytest

import harness
from harness import ISSUER, issuer_row, wait_for
from test_feed import Feed, line_of, new, revoke
from test_schema import driver

PREPARED = {"max_prepared_transactions": "10"}


@pytest.fixture(scope="module")
def pg():
    with harness.Postgres(settings=PREPARED) as postgres:
        driver("init", postgres.conninfo)
        postgres.sql(ISSUER, issuer_row("A"))
        postgres.sql("CREATE ROLE responder LOGIN IN ROLE stillgood_responder")
        yield postgres


@pytest.fixture
def place(pg):
    return pg.conninfo.replace("user=postgres", "user=responder")


@pytest.fixture(scope="module")
def standby(pg):
    pg.sql("SELECT stillgood.heartbeat()")
    copy = harness.Standby(pg)
    copy.settings.update(PREPARED)
    with copy:
        yield copy


def program(pg, name, *words, check=True):
    return harness.run(*harness.as_postgres(os.path.join(pg.programs, name), *words, "-h", pg.folder,
                                            "-p", str(pg.port), "-U", "postgres"), cwd=pg.folder, check=check)


def restore(pg, feed):
    """Once more where it and a poll wait for each other's locks, as whoever restores would. Gives the place in
    the feed's lines where it began."""
    def done():
        since = feed.mark()
        result = program(pg, "pg_restore", "--clean", "--single-transaction", "-d", "postgres",
                         os.path.join(pg.folder, "dump"), check=False)
        assert result.returncode == 0 or "deadlock detected" in result.stderr, result
        return (since,) if result.returncode == 0 else None
    return harness.wait_for("the restore", done)[0]


def heartbeats(pg, stop, beat="SELECT stillgood.heartbeat()"):
    connection = pg.connect()
    connection.autocommit = True
    with connection.cursor() as cursor:
        while not stop.is_set():
            cursor.execute(beat)
            time.sleep(0.05)
    connection.close()


class Beating:
    """Somebody calls heartbeat() meanwhile."""

    def __init__(self, pg, *beat):
        self.stop = threading.Event()
        self.thread = threading.Thread(target=heartbeats, args=(pg, self.stop, *beat))

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


# ---- which history (rows 35, 37) ----------------------------------------------------------------

def test_feed_and_lookups_say_one_history(pg, place):
    with Feed(place) as feed:
        feed.wait("load_end")
        feed.wait("lookup_state 1")
        feed.lookup(b"\x01")
        loaded = feed.wait("history").split()[1:]
        looked_up = feed.wait("looked_up").split()[1:]
    assert loaded[:4] == looked_up[:4]
    system, oid = pg.sql("SELECT system_identifier, d.oid FROM pg_control_system(), pg_database d"
                         " WHERE datname = current_database()")[0]
    assert loaded[:3] == [f"system={system}", f"database={oid}", "timeline=1"]
    assert int(loaded[4][9:]) <= int(looked_up[4][9:])


def test_a_restore_in_place_is_noticed_by_the_next_poll(pg, place):
    """doc/faults.md row 37: one transaction, and the connections stay open."""
    before, after = new(pg, 2)
    revoke(pg, before)
    program(pg, "pg_dump", "-Fc", "-n", "stillgood", "-f", os.path.join(pg.folder, "dump"),
            "postgres")
    with Feed(place) as feed:
        feed.wait("load_end")
        feed.wait("lookup_state 1")
        revoke(pg, after)
        feed.wait(f"change {line_of(after)}")
        since = restore(pg, feed)
        # A restore that takes longer than query_timeout is met by that, for it holds locks.
        reason = feed.wait("feed_lost", since)
        assert "another history: its tables" in reason or "query_timeout" in reason
        feed.wait("load_end", since)
        assert feed.wait("history", since).split()[4] != feed.wait("history").split()[4]
        assert feed.count(f"row {line_of(before)}", since) == 1
        assert feed.count(f"row {line_of(after)}", since) == 0
        # Not before the restore, not after it: nothing was told under evidence of the wrong one.
        lines = feed.lines[since:]
        lost = next(i for i, line in enumerate(lines) if line.startswith("feed_lost"))
        assert not any(line.startswith("change") for line in lines[:lost])
        history = feed.wait("history", since).split()[1:5]
        feed.lookup(after)
        assert feed.wait("looked_up", since).split()[1:5] == history


@pytest.mark.parametrize("table", ["certificate", "change_log", "issuer_name"])
def test_a_table_that_was_emptied_is_noticed(pg, place, table):
    """doc/faults.md row 40. TRUNCATE is not seen in the rows of a log that had none to read."""
    with Feed(place) as feed:
        feed.wait("load_end")
        since = feed.mark()
        pg.sql(f"BEGIN; ALTER TABLE stillgood.{table} DISABLE TRIGGER USER;"
               f"CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM stillgood.{table};"
               f"TRUNCATE stillgood.{table};"
               f"ALTER TABLE stillgood.{table} ENABLE TRIGGER USER; COMMIT")
        assert "another history: its tables" in feed.wait("feed_lost", since)
        feed.wait("load_end", since)


def test_a_load_never_takes_a_table_made_anew_for_an_empty_one(pg, place):
    """Its locks come before its snapshot."""
    serial, = new(pg)
    revoke(pg, serial)
    locker = pg.connect()
    with locker.cursor() as cursor:
        cursor.execute("LOCK TABLE stillgood.certificate IN ACCESS EXCLUSIVE MODE")
        with Feed(place) as feed:
            wait_for("the load to wait", lambda: pg.sql(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND query LIKE 'BEGIN ISOLATION%'"))
            cursor.execute(
                "ALTER TABLE stillgood.certificate DISABLE TRIGGER USER;"
                "CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM stillgood.certificate;"
                "TRUNCATE stillgood.certificate;"
                "INSERT INTO stillgood.certificate SELECT * FROM kept;"
                "ALTER TABLE stillgood.certificate ENABLE TRIGGER USER")
            locker.commit()
            feed.wait("load_end")
            assert feed.count(f"row {line_of(serial)}") == 1
    locker.close()


# ---- the log (rows 38, 40) ----------------------------------------------------------------------

@pytest.mark.parametrize("foreign", [
    "INSERT INTO stillgood.change_log (xid, issuer, version, status) VALUES ('4000000000', 1, 1, 0)",
    "UPDATE stillgood.change_log_trim SET highest = '4000000000'"])
def test_a_poll_refuses_what_this_cluster_cannot_have(pg, place, foreign):
    """doc/faults.md row 38."""
    serial, = new(pg)
    with Feed(place) as feed:
        feed.wait("load_end")
        since = feed.mark()
        pg.sql(foreign)
        assert "stillgood db upgrade" in feed.wait("feed_lost", since)
        assert feed.count("load_end", since) == 0
        revoke(pg, serial)
        assert driver("upgrade", pg.conninfo) == "0 0"
        feed.wait("load_end", since)
        assert feed.count(f"row {line_of(serial)}", since) == 1


@pytest.mark.parametrize("on_standby", [False, True])
def test_a_row_in_the_name_of_an_open_transaction_hides_nothing(pg, place, request, on_standby):
    """doc/faults.md row 38: the number is taken by somebody else's row before its own rows are there."""
    other, serial = new(pg, 2)
    where = request.getfixturevalue("standby").conninfo if on_standby else place
    slow = pg.connect()
    with Beating(pg), Feed(where) as feed, slow.cursor() as cursor:
        feed.wait("load_end")
        cursor.execute("SELECT stillgood.revoke('A', %s), pg_current_xact_id()::text", (serial,))
        xid = cursor.fetchone()[1]
        pg.sql("INSERT INTO stillgood.change_log (xid, issuer, serial, version, status)"
               " VALUES (%s, 1, %s, 1, 0)", (xid, other))
        feed.wait(f"change {line_of(other)}")
        slow.commit()
        feed.wait(f"change {line_of(serial)}")
        pg.sql("DELETE FROM stillgood.change_log WHERE serial = %s", (other,))
    slow.close()


def test_rows_that_are_deleted_before_they_are_read_are_missed(pg, place):
    serial, = new(pg)
    with Feed(place) as feed:
        feed.wait("load_end")
        since = feed.mark()
        pg.sql("SELECT stillgood.revoke('A', %s);"
               "DELETE FROM stillgood.change_log WHERE xid = pg_current_xact_id()", (serial,))
        assert "deleted before they were read" in feed.wait("feed_lost", since)
        feed.wait("load_end", since)
        assert feed.count(f"row {line_of(serial)}", since) == 1


def test_trimming_what_was_read_disturbs_nobody(pg, place):
    serial, = new(pg)
    with Feed(place) as feed:
        feed.wait("load_end")
        revoke(pg, serial)
        feed.wait(f"change {line_of(serial)}")
        pg.sql("DELETE FROM stillgood.change_log WHERE serial = %s", (serial,))
        since = feed.mark()
        wait_for("more polls", lambda: feed.count("poll", since) > 5)
        assert feed.count("feed_lost") == 0


# ---- what must be read (row 39, doc/design.md promise 1) -----------------------------------------------

def write(pg, name, serials, acknowledged, kind):
    chosen = random.Random(name)
    connection = pg.connect()
    for serial in serials:
        with connection.cursor() as cursor:
            if kind == "rolled back":
                cursor.execute("SELECT stillgood.revoke('A', %s)", (serial,))
                connection.rollback()
                continue
            if kind == "nested":
                cursor.execute("SAVEPOINT a")
                cursor.execute("SELECT stillgood.revoke('A', %s)", (serial,))
                cursor.execute("ROLLBACK TO a; SAVEPOINT b")
            cursor.execute("SELECT stillgood.revoke('A', %s)", (serial,))
            if kind != "quick":
                time.sleep(chosen.random() / 4)
            if kind == "prepared":
                gid = f"p {serial.hex()}"
                cursor.execute("PREPARE TRANSACTION %s", (gid,))
                connection.commit()
                connection.autocommit = True
                time.sleep(chosen.random() / 4)
                cursor.execute("COMMIT PREPARED %s", (gid,))
                connection.autocommit = False
        connection.commit()
        if kind != "rolled back":
            acknowledged[serial.hex()] = time.time() * 1e6
    connection.close()


@pytest.mark.parametrize("on_standby", [False, True])
def test_no_evidence_vouches_for_what_was_not_read(pg, place, request, on_standby):
    where = request.getfixturevalue("standby").conninfo if on_standby else place
    acknowledged = {}
    orphan = pg.connect()
    orphan.cursor().execute("SELECT stillgood.revoke('A', %s)", (new(pg)[0],))
    orphan.cursor().execute("PREPARE TRANSACTION 'orphan'")
    orphan.close()
    kinds = ["quick", "quick", "nested", "nested", "prepared", "prepared", "rolled back", "slow"]
    with Beating(pg), Feed(where, 5) as feed:
        feed.wait("load_end")
        threads = [threading.Thread(target=write, args=(
            pg, i, new(pg, 300 if kind == "quick" else 8), acknowledged, kind))
            for i, kind in enumerate(kinds)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        last = max(acknowledged.values())
        wait_for("evidence after all of it", lambda: feed.polls()[-1][0] > last)
        polls = feed.polls()
        pg.sql("ROLLBACK PREPARED 'orphan'")
    assert acknowledged.keys() == polls[-1][1] - polls[0][1]
    for evidence, seen in polls:
        assert [s for s, at in acknowledged.items() if at < evidence and s not in seen] == []


def test_an_orphaned_transaction_is_named_and_delays_nothing(pg, place, standby):
    """doc/faults.md row 39: more small revocations above it than any list holds."""
    serials = new(pg, 17000)
    orphan = pg.connect()
    orphan.cursor().execute("SELECT stillgood.revoke('A', %s)", (new(pg)[0],))
    orphan.cursor().execute("PREPARE TRANSACTION 'it''s \"lost\"'")
    orphan.close()
    pg.sql("CREATE PROCEDURE revoke_each(serials bytea[]) LANGUAGE plpgsql AS $$ BEGIN"
           " FOR i IN 1..cardinality(serials) LOOP"
           "  PERFORM stillgood.revoke('A', serials[i]); COMMIT; END LOOP; END $$")
    with Beating(pg), Feed(standby.conninfo) as there, Feed(place) as feed:
        feed.wait("load_end")
        since = feed.mark()
        pg.sql("CALL revoke_each(%s)", (serials,))
        feed.wait(f"change {line_of(serials[-1])}", since)
        more = feed.mark()
        wait_for("more polls", lambda: feed.count("poll", more) > 5)
        assert feed.count("change", since) == len(serials)  # none is read again
        alarm = wait_for("an alarm", lambda: next(
            (line for line in feed.lines if line.startswith("alarm ")), None), seconds=300)
        assert "prepared transaction \"it's \"lost\"\" of \"postgres\" has been open since" in alarm
        there.wait(f"change {line_of(serials[-1])}")
        assert 'nobody ends: "it\'s "lost"" of "postgres" since' in there.wait("alarm ")
        pg.sql("ROLLBACK PREPARED 'it''s \"lost\"'")
        for one in (feed, there):
            one.wait("alarms 0", one.mark())


def test_on_a_standby_a_heartbeat_without_snapshot_serves_too(pg, standby):
    serial, = new(pg)
    with Beating(pg, "UPDATE stillgood.heartbeat SET beat_at = clock_timestamp(), snapshot = NULL"), \
            Feed(standby.conninfo) as feed:
        feed.wait("load_end")
        revoke(pg, serial)
        feed.wait(f"change {line_of(serial)}")
        assert feed.count("feed_lost") == 0


def test_a_heartbeat_of_another_cluster_is_refused_on_a_standby(pg, standby):
    pg.sql("UPDATE stillgood.heartbeat SET snapshot = '4000000000:4000000000:'")
    with Feed(standby.conninfo) as feed:
        assert "stillgood db upgrade" in feed.wait("feed_lost")
        assert driver("upgrade", pg.conninfo) == "0 0"
        feed.wait("load_end")


def test_a_deleted_heartbeat_comes_back(pg, place):
    pg.sql("DELETE FROM stillgood.heartbeat")
    with Feed(place) as feed:
        assert "stillgood.heartbeat is gone" in feed.wait("alarm ")
        feed.wait("load_end")  # a primary needs none
    pg.sql("SELECT stillgood.heartbeat()")
    assert pg.sql("SELECT count(*) FROM stillgood.heartbeat") == [(1,)]


# ---- the schema (row 40) ------------------------------------------------------------------------

VITAL = {
    "a trigger that is off": (
        "ALTER TABLE stillgood.certificate DISABLE TRIGGER certificate_after_update",
        "ALTER TABLE stillgood.certificate ENABLE TRIGGER certificate_after_update",
        "certificate_after_update of stillgood.certificate is switched off"),
    "a trigger for replicas only": (
        "ALTER TABLE stillgood.issuer ENABLE REPLICA TRIGGER issuer_after_change",
        "ALTER TABLE stillgood.issuer ENABLE TRIGGER issuer_after_change",
        "issuer_after_change of stillgood.issuer is switched off"),
    "a trigger that is gone": (
        "DROP TRIGGER certificate_refuse ON stillgood.certificate",
        "DROP TRIGGER IF EXISTS certificate_refuse ON stillgood.certificate;"
        "CREATE TRIGGER certificate_refuse BEFORE DELETE OR TRUNCATE ON stillgood.certificate"
        " FOR EACH STATEMENT EXECUTE FUNCTION stillgood.refuse_statement()",
        "certificate_refuse of stillgood.certificate is missing"),
    "a trigger with a condition": (
        "DROP TRIGGER issuer_before_update ON stillgood.issuer;"
        "CREATE TRIGGER issuer_before_update BEFORE UPDATE ON stillgood.issuer FOR EACH ROW"
        " WHEN (false) EXECUTE FUNCTION stillgood.issuer_before_update()",
        "DROP TRIGGER issuer_before_update ON stillgood.issuer;"
        "CREATE TRIGGER issuer_before_update BEFORE UPDATE ON stillgood.issuer FOR EACH ROW"
        " EXECUTE FUNCTION stillgood.issuer_before_update()",
        "issuer_before_update of stillgood.issuer is another than"),
    "a trigger of somebody else's": (
        "CREATE TRIGGER mine BEFORE INSERT ON stillgood.change_log"
        " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "DROP TRIGGER IF EXISTS mine ON stillgood.change_log", "trigger mine of stillgood.change_log"),
    "another function": (
        "ALTER FUNCTION stillgood.certificate_after_update() RESET search_path",
        "ALTER FUNCTION stillgood.certificate_after_update() SET search_path = pg_catalog, pg_temp;"
        "ALTER FUNCTION stillgood.certificate_after_update() RESET enable_nestloop;"
        "ALTER FUNCTION stillgood.certificate_after_update() SET enable_nestloop = off",
        "function stillgood.certificate_after_update() is another"),
    "row security": (
        "ALTER TABLE stillgood.certificate_sct ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE stillgood.certificate_sct DISABLE ROW LEVEL SECURITY",
        "stillgood.certificate_sct has row security"),
    "a rule": (
        "CREATE RULE silence AS ON INSERT TO stillgood.change_log DO INSTEAD NOTHING",
        "DROP RULE IF EXISTS silence ON stillgood.change_log", "rule silence of stillgood.change_log"),
    "an unlogged table": (
        "ALTER TABLE stillgood.issuer_name SET UNLOGGED",
        "ALTER TABLE stillgood.issuer_name SET LOGGED", "stillgood.issuer_name is no ordinary"),
    "another default": (
        "ALTER TABLE stillgood.change_log ALTER xid SET DEFAULT '3'",
        "ALTER TABLE stillgood.change_log ALTER xid SET DEFAULT pg_current_xact_id()",
        "change_log.xid has another default"),
}


@pytest.mark.parametrize("name", VITAL)
def test_nothing_counts_while_the_schema_is_not_ours(pg, place, name):
    """doc/faults.md row 40."""
    breaks, mends, said = VITAL[name]
    pg.sql(breaks)
    try:
        with Feed(place) as feed:
            assert said in feed.wait("feed_lost")
            assert feed.count("load_begin") == 0
            pg.sql(mends)
            feed.wait("load_end")
            assert feed.count("alarm ") == 0
    finally:
        pg.sql(mends)


def test_a_running_feed_looks_at_the_schema_now_and_then(pg, place):
    with Feed(place) as feed:
        feed.wait("load_end")
        since = feed.mark()
        pg.sql("ALTER TABLE stillgood.certificate DISABLE TRIGGER USER")
        try:
            assert "switched off" in feed.wait("feed_lost", since)
        finally:
            pg.sql("ALTER TABLE stillgood.certificate ENABLE TRIGGER USER")
        feed.wait("load_end", since)


@pytest.mark.parametrize("breaks, mends, said", [
    ("ALTER TABLE stillgood.issuer DROP CONSTRAINT issuer_version_check",
     "ALTER TABLE stillgood.issuer ADD CONSTRAINT issuer_version_check CHECK (version >= 1)",
     "constraint issuer_version_check of stillgood.issuer"),
    ("DROP INDEX stillgood.certificate_notable",
     "CREATE INDEX certificate_notable ON stillgood.certificate (issuer)"
     " WHERE status <> 0 OR version > 1", "index stillgood.certificate_notable"),
    ("ALTER TABLE stillgood.revocation_event DISABLE TRIGGER USER",
     "ALTER TABLE stillgood.revocation_event ENABLE TRIGGER USER", "revocation_event_refuse")])
def test_what_does_not_touch_the_feed_is_an_alarm(pg, place, breaks, mends, said):
    pg.sql(breaks)
    try:
        with Feed(place) as feed:
            assert said in feed.wait("alarm ")
            feed.wait("load_end")
    finally:
        pg.sql(mends)


def test_an_issuer_with_another_ca_s_certificate_is_none(pg, place):
    """doc/faults.md row 41. Past the triggers; the others go on."""
    pg.sql(ISSUER, issuer_row("Other"))
    stolen = "certificate = (SELECT certificate FROM stillgood.issuer WHERE name = 'A')"
    pg.sql("CREATE TEMP TABLE kept AS SELECT certificate FROM stillgood.issuer WHERE name = 'Other'")
    pg.sql("SET session_replication_role = replica")
    pg.sql(f"UPDATE stillgood.issuer SET {stolen} WHERE name = 'Other'")
    pg.sql("SET session_replication_role = origin")
    with Feed(place) as feed:
        assert '"Other": its certificate is not that of its subject and key' in feed.wait("bad_row")
        feed.wait("bad_issuer 2")
        feed.wait("load_begin 1")
        feed.wait("load_end")
        pg.sql("UPDATE stillgood.issuer SET certificate = (SELECT certificate FROM kept)"
               " WHERE name = 'Other'")
        feed.wait("issuer 2 Other")
