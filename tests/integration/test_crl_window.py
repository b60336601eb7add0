"""Migration 6: what the CRLs of an issuer prove together stands in the issuer's row, and each change of it is
told to those who follow."""
import datetime
import itertools
import threading

import psycopg2
import pytest

import harness
from service import Database

BEGAN = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)


def day(number):
    return BEGAN + datetime.timedelta(days=number)


@pytest.fixture(scope="module")
def pg(postgres):
    harness.stillgood("db", "init", "--database", postgres.conninfo)
    for role in ("responder", "ca", "admin"):
        postgres.sql(f"CREATE ROLE {role} LOGIN IN ROLE stillgood_{role}")
    return postgres


names = (f"CA {number}" for number in itertools.count())


@pytest.fixture
def db(pg):
    """With an issuer of its own."""
    database = Database(pg, "postgres")
    database.issuer = next(names)
    database.sql(harness.ISSUER, harness.issuer_row(database.issuer))
    yield database
    database.close()


def window(db):
    return db.sql("SELECT crl_from, crl_until FROM stillgood.issuer WHERE name = %s", (db.issuer,))[0]


def record(db, first, last, role="ca"):
    connection = db.pg.connect(user=role)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT stillgood.record_crl_window(%s, %s, %s)", (db.issuer, day(first), day(last)))
        changed = cursor.fetchone()[0]
    connection.close()
    return changed


SCOPE = """INSERT INTO stillgood.crl_scope (issuer, scope, crl, this_update, next_update, proves_absence)
    SELECT id, sha256(%s), stillgood.record_crl(name, url => %s), %s, %s, %s
      FROM stillgood.issuer WHERE name = %s"""


def add_scope(db, name, first, last, proves=True):
    db.sql(SCOPE, (name.encode(), f"http://{name}", day(first), last and day(last), proves, db.issuer))


def test_nothing_is_proven_before_a_crl_came(db):
    assert window(db) == (None, None)


def test_a_newer_crl_moves_the_window_and_an_older_one_does_not(db):
    assert record(db, 1, 5) and window(db) == (day(1), day(5))
    assert record(db, 3, 7) and window(db) == (day(3), day(7))
    assert not record(db, 2, 9) and window(db) == (day(3), day(7))


def test_a_crl_of_the_future_or_without_an_end_is_refused(db):
    with pytest.raises(psycopg2.errors.InvalidParameterValue):
        db.sql("SELECT stillgood.record_crl_window(%s, now() + interval '1 hour', now() + interval '1 day')",
               (db.issuer,))
    with pytest.raises(psycopg2.errors.InvalidParameterValue):
        db.sql("SELECT stillgood.record_crl_window(%s, now(), NULL)", (db.issuer,))
    assert window(db) == (None, None)


def test_those_who_follow_are_told_by_a_version(db):
    def told():
        return db.sql("SELECT l.version FROM stillgood.change_log l JOIN stillgood.issuer i ON i.id = l.issuer"
                      " WHERE i.name = %s AND l.serial IS NULL ORDER BY l.seq", (db.issuer,))
    assert told() == [(1,)]
    record(db, 1, 5)
    assert told() == [(1,), (2,)]
    record(db, 1, 5)
    assert told() == [(1,), (2,)], "nothing has changed"
    assert db.sql("SELECT count(*) FROM stillgood.revocation_event e JOIN stillgood.issuer i ON i.id = e.issuer"
                  " WHERE i.name = %s", (db.issuer,)) == [(0,)]


def test_all_parts_prove_together(db):
    """The earliest beginning and the earliest end; one part too few or too many proves nothing; and one part alone
    only where somebody has said that it is all there is."""
    add_scope(db, "one", 1, 6)
    assert window(db) == (None, None), "what it is a part of nobody has said"
    assert db.sql("SELECT stillgood.set_crl_scopes(%s, 1)", (db.issuer,)) == [(True,)]
    assert window(db) == (day(1), day(6))
    add_scope(db, "two", 3, 5)
    assert window(db) == (None, None), "two parts, and one was expected"
    assert db.sql("SELECT stillgood.set_crl_scopes(%s, 2)", (db.issuer,)) == [(True,)]
    assert window(db) == (day(1), day(5))
    assert db.sql("SELECT stillgood.set_crl_scopes(%s, 3)", (db.issuer,)) == [(True,)]
    assert window(db) == (None, None)
    db.sql("DELETE FROM stillgood.crl_scope s USING stillgood.issuer i WHERE i.id = s.issuer AND i.name = %s"
           " AND s.this_update = %s", (db.issuer, day(3)))
    assert db.sql("SELECT stillgood.set_crl_scopes(%s, 1)", (db.issuer,)) == [(True,)]
    assert window(db) == (day(1), day(6))


@pytest.mark.parametrize("last, proves", [(None, True), (9, False)])
def test_a_part_without_an_end_or_with_some_reasons_proves_nothing(db, last, proves):
    add_scope(db, "one", 1, last, proves)
    assert window(db) == (None, None)


def test_two_parts_that_come_at_the_same_time_see_each_other(db):
    """The second one waits for the first, and then counts it."""
    db.sql("SELECT stillgood.set_crl_scopes(%s, 2)", (db.issuer,))
    first = db.connect()
    second = threading.Thread(target=add_scope, args=(db, "two", 2, 4))
    try:
        with first.cursor() as cursor:
            cursor.execute(SCOPE, (b"one", "http://one", day(1), day(6), True, db.issuer))
        second.start()
        harness.wait_for("the second one to wait for the first", lambda: waiting(db))
        first.commit()
    finally:
        first.close()
    second.join()
    assert window(db) == (day(1), day(4))


def waiting(db):
    connection = db.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        count = cursor.fetchone()[0]
    connection.close()
    return count > 0


def test_who_may_do_what(db):
    assert record(db, 1, 5, role="ca")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        record(db, 2, 6, role="responder")
    connection = db.pg.connect(user="ca")
    with connection, connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute("UPDATE stillgood.issuer SET crl_until = 'tomorrow'")
    connection.close()
