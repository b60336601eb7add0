"""Migration 4: what it makes of a database of release 0.1 with migration 3, and whose marks trim the log
(doc/faults.md rows 38–40)."""
import hashlib
import os

import pytest

import harness
from harness import ISSUER, issuer_row, wait_for
from test_feed import Feed
from test_schema import MIGRATIONS, driver

FOLDER = os.path.join(harness.ROOT, "db", "migrations")


def at_3(connection):
    with connection.cursor() as cursor:
        for file in sorted(MIGRATIONS)[:3]:
            with open(os.path.join(FOLDER, file), encoding="utf-8") as opened:
                text = opened.read()
            cursor.execute(text)
            cursor.execute("INSERT INTO stillgood.migration (number, name, sha256)"
                           " VALUES (%s, %s, %s)", (int(file[:4]), file[5:-4],
                                                    hashlib.sha256(text.encode()).hexdigest()))
        cursor.execute(ISSUER, issuer_row("A"))
        for serial in ("01", "02", "03"):
            cursor.execute("SELECT stillgood.issue('A', %s)", (serial,))
        cursor.execute("SELECT stillgood.revoke('A', '02', 'superseded', '2026-01-01Z'),"
                       " stillgood.hold('A', '03'), stillgood.heartbeat()")
        cursor.execute("INSERT INTO stillgood.change_log_mark VALUES (now() - interval '2 days', '3')")
    connection.commit()


@pytest.fixture(scope="module")
def pg(postgres):
    connection = postgres.connect()
    at_3(connection)
    connection.close()
    tables = ["certificate", "issuer", "change_log", "revocation_event"]
    columns = {table: ", ".join(name for name, in postgres.sql(
        f"SELECT attname FROM pg_attribute WHERE attrelid = 'stillgood.{table}'::regclass AND attnum > 0"
        " ORDER BY attnum")) for table in tables}

    def rows():  # in the columns of before
        return [postgres.sql(f"SELECT {columns[table]} FROM stillgood.{table}") for table in tables]
    before = rows()
    assert "db upgrade" in driver("check", postgres.conninfo, check=False)
    harness.stillgood("db", "upgrade", "--database", postgres.conninfo)
    assert driver("check", postgres.conninfo) == "0 0"
    assert before == rows()
    return postgres


def test_an_upgraded_database_is_whole(pg):
    with Feed(pg.conninfo) as feed:
        feed.wait("load_end")
        feed.wait("row 1 02 version=2 status=1")
        feed.wait("row 1 03 version=2 status=2")
        assert feed.count("alarm ") == feed.count("feed_lost") == 0
        pg.sql("SELECT stillgood.revoke('A', '01')")
        feed.wait("change 1 01 version=2 status=1")


def test_a_heartbeat_says_what_a_standby_cannot_know(pg):
    assert pg.sql("SELECT snapshot IS NULL, timeline IS NULL FROM stillgood.heartbeat") \
        == [(True, True)]
    pg.sql("SELECT stillgood.heartbeat()")
    assert pg.sql("SELECT pg_snapshot_xmax(snapshot) <= pg_snapshot_xmax(pg_current_snapshot()),"
                  " timeline FROM stillgood.heartbeat") == [(True, 1)]


def log_size(pg):
    return pg.sql("SELECT count(*) FROM stillgood.change_log")[0][0]


OLD_MARK = ("INSERT INTO stillgood.change_log_mark (taken_at, horizon, system) SELECT"
            " now() - interval '2 days', pg_snapshot_xmax(pg_current_snapshot()), {}"
            " FROM pg_control_system()")


def test_only_marks_of_this_cluster_trim(pg):
    """doc/faults.md row 38: "old" is what the other cluster's clock and numbers said."""
    assert log_size(pg) > 0
    assert pg.sql("SELECT count(*) FROM stillgood.change_log_mark") == [(0,)]  # of before
    size = log_size(pg)
    pg.sql(OLD_MARK.format("system_identifier + 1"))
    pg.sql("INSERT INTO stillgood.change_log_mark (taken_at, horizon, system) SELECT"
           " now() - interval '2 days', '4000000000', system_identifier FROM pg_control_system()")
    assert pg.sql("SELECT stillgood.trim_change_log()") == [(0,)]
    assert log_size(pg) == size
    assert pg.sql("SELECT count(*) FROM stillgood.change_log_mark") == [(1,)]
    pg.sql(OLD_MARK.format("system_identifier"))
    assert pg.sql("SELECT stillgood.trim_change_log()") == [(size,)]


def test_what_is_gone_from_the_log_is_noted(pg):
    pg.sql("SELECT stillgood.issue('A', '04'), stillgood.revoke('A', '04')")
    xid, = pg.sql("SELECT xid FROM stillgood.change_log ORDER BY xid DESC LIMIT 1")[0]
    times, = pg.sql("SELECT times FROM stillgood.change_log_trim")[0]
    pg.sql("INSERT INTO stillgood.change_log (xid, issuer, version, status)"
           " VALUES ('4000000000', 1, 1, 0)")
    pg.sql("DELETE FROM stillgood.change_log")
    assert pg.sql("SELECT times, highest FROM stillgood.change_log_trim") == [(times + 1, xid)]
    pg.sql("DELETE FROM stillgood.change_log_trim")
    pg.sql("SELECT stillgood.revoke('A', '04', 'keyCompromise')")
    pg.sql("DELETE FROM stillgood.change_log")
    assert pg.sql("SELECT times FROM stillgood.change_log_trim") == [(1,)]


def test_a_row_that_says_what_is_gone_and_is_gone_itself_is_missed(pg):
    with Feed(pg.conninfo) as feed:
        feed.wait("load_end")
        since = feed.mark()
        pg.sql("DELETE FROM stillgood.change_log_trim")
        feed.wait("feed_lost", since)
        feed.wait("load_end", since)
        polls = feed.mark()
        wait_for("more polls", lambda: feed.count("poll", polls) > 5)
        assert feed.count("feed_lost", since) == 1
