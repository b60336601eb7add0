"""Migration 8: answers that were signed beforehand, what of them stands in the issuer's row, who may write them, and
the way there from migration 7."""
import datetime
import glob
import hashlib
import itertools
import os

import psycopg2
import pytest

import harness
from harness import ISSUER, issuer_row

MIGRATIONS = os.path.join(harness.ROOT, "db", "migrations")
ROLES = ["responder", "ca", "revocation", "desk", "heartbeat", "admin"]
BEGAN = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)
STATE = "SELECT to_jsonb(c) FROM stillgood.certificate c ORDER BY serial"
LOG = "SELECT to_jsonb(l) FROM stillgood.change_log l ORDER BY seq"


def day(number):
    return BEGAN + datetime.timedelta(days=number)


def at_migration_7(connection):
    """A database as the release before left it, with rows of every kind."""
    with connection, connection.cursor() as cursor:
        for path in sorted(glob.glob(os.path.join(MIGRATIONS, "000[1-7]_*.sql"))):
            name = os.path.basename(path)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            cursor.execute(text)
            cursor.execute("INSERT INTO stillgood.migration (number, name, sha256) VALUES (%s, %s, %s)",
                           (int(name[:4]), name[5:-4], hashlib.sha256(text.encode()).hexdigest()))
        for name in ("A", "B"):
            cursor.execute(ISSUER, issuer_row(name))
        cursor.execute("SELECT stillgood.issue('A', '01'), stillgood.issue('A', '02'), stillgood.issue('A', '03')")
        cursor.execute("SELECT stillgood.revoke('A', '02', 'superseded'), stillgood.hold('A', '03')")
        cursor.execute("SELECT stillgood.record_crl_window('B', now() - interval '1 hour', now() + interval '1 day')")


@pytest.fixture(scope="module")
def pg(postgres):
    connection = postgres.connect()
    at_migration_7(connection)
    connection.close()
    before = postgres.sql(STATE), postgres.sql(LOG)
    issuers = postgres.sql("SELECT to_jsonb(i) FROM stillgood.issuer i ORDER BY id")
    harness.stillgood("db", "upgrade", "--database", postgres.conninfo)
    assert (postgres.sql(STATE), postgres.sql(LOG)) == before, "an upgrade changes no row"
    added = {"presigned": 0, "presigned_from": None, "presigned_until": None}
    after = postgres.sql("SELECT to_jsonb(i) FROM stillgood.issuer i ORDER BY id")
    assert [{**row, **added} for row, in issuers] == [
        {name: row[name] for name in {**known, **added}} for (row,), (known,) in zip(after, issuers)]
    for role in ROLES:
        postgres.sql(f"CREATE ROLE {role} LOGIN IN ROLE stillgood_{role}")
    return postgres


names = (f"CA {number}" for number in itertools.count())


@pytest.fixture
def issuer(pg):
    name = next(names)
    pg.sql(ISSUER, issuer_row(name))
    return name


INSERT = """INSERT INTO stillgood.presigned (issuer, serial, certid, status, this_update, next_update,
    with_certificate, answer) SELECT id, %s, sha256(%s), 0, %s, %s, %s, 'answer' FROM stillgood.issuer WHERE name = %s"""


def put(pg, issuer, serial, first, last, with_certificate=False):
    pg.sql(INSERT, (serial, serial + issuer.encode(), day(first), day(last), with_certificate, issuer))


def row_of(pg, issuer):
    return pg.sql("SELECT presigned, presigned_from, presigned_until, version FROM stillgood.issuer WHERE name = %s",
                  (issuer,))[0]


def told(pg, issuer):
    return pg.sql("SELECT l.version FROM stillgood.change_log l JOIN stillgood.issuer i ON i.id = l.issuer"
                  " WHERE i.name = %s AND l.serial IS NULL ORDER BY l.seq", (issuer,))


def test_each_change_is_a_version_that_those_who_follow_are_told_of(pg, issuer):
    """What is stored may be said no more once another answer is there."""
    assert row_of(pg, issuer) == (0, None, None, 1)
    put(pg, issuer, b"\x01", 1, 5)
    assert row_of(pg, issuer) == (1, day(1), day(5), 2)
    pg.sql("UPDATE stillgood.presigned p SET answer = 'another' FROM stillgood.issuer i WHERE i.id = p.issuer"
           " AND i.name = %s", (issuer,))
    assert row_of(pg, issuer) == (2, day(1), day(5), 3)
    pg.sql("DELETE FROM stillgood.presigned p USING stillgood.issuer i WHERE i.id = p.issuer AND i.name = %s",
           (issuer,))
    assert row_of(pg, issuer) == (3, None, None, 4)
    assert told(pg, issuer) == [(1,), (2,), (3,), (4,)]


def test_the_first_end_stands_there_and_not_of_those_that_end_with_their_certificates(pg, issuer):
    put(pg, issuer, b"\x01", 1, 9)
    put(pg, issuer, b"\x02", 2, 7)
    put(pg, issuer, b"\x03", 1, 3, with_certificate=True)
    assert row_of(pg, issuer)[1:3] == (day(2), day(7))


def test_many_in_one_statement_are_one_version_each_issuer(pg, issuer):
    other = next(names)
    pg.sql(ISSUER, issuer_row(other))
    pg.sql("INSERT INTO stillgood.presigned (issuer, serial, certid, status, this_update, next_update, answer)"
           " SELECT i.id, '\\x01', sha256(n::text::bytea), 0, %s, %s, 'x' FROM stillgood.issuer i,"
           " generate_series(1, 500) n WHERE i.name IN (%s, %s)", (day(1), day(2), issuer, other))
    assert row_of(pg, issuer) == row_of(pg, other) == (1, day(1), day(2), 2)


def test_two_imports_at_the_same_time_count_both(pg, issuer):
    """The second one waits for the issuer's row, and then sees the first one's answers."""
    first = pg.connect()
    with first.cursor() as cursor:
        cursor.execute(INSERT, (b"\x01", b"one", day(1), day(4), False, issuer))
    second = pg.connect()
    second.set_session(autocommit=True)
    with second.cursor() as cursor, pytest.raises(psycopg2.errors.LockNotAvailable):
        cursor.execute("SET lock_timeout = '200ms'")
        cursor.execute(INSERT, (b"\x02", b"two", day(1), day(9), False, issuer))
    first.commit()
    with second.cursor() as cursor:
        cursor.execute(INSERT, (b"\x02", b"two", day(1), day(9), False, issuer))
    first.close()
    second.close()
    assert row_of(pg, issuer)[:3] == (2, day(1), day(4))


@pytest.mark.parametrize("column, value", [
    ("status", "2"), ("serial", "''"), ("certid", "'\\x01'"), ("answer", "''"),
    ("next_update", "this_update"), ("next_update", "'infinity'"), ("this_update", "'-infinity'"),
])
def test_a_row_that_cannot_be_is_refused(pg, issuer, column, value):
    put(pg, issuer, b"\x01", 1, 5)
    with pytest.raises(psycopg2.errors.CheckViolation):
        pg.sql(f"UPDATE stillgood.presigned SET {column} = {value}")


def test_emptying_the_table_at_once_is_refused(pg):
    """It fires no trigger of a row, so that nobody would be told."""
    with pytest.raises(psycopg2.Error, match="(?i)delete|truncate"):
        pg.sql("TRUNCATE stillgood.presigned")


CALLS = {
    "read": "SELECT FROM stillgood.presigned",
    "insert": "INSERT INTO stillgood.presigned (issuer, serial, certid, status, this_update, next_update, answer)"
              " VALUES (1, '\\x01', sha256('x'), 0, now(), now() + interval '1 day', 'x')",
    "change": "UPDATE stillgood.presigned SET answer = 'x', status = 1",
    "delete": "DELETE FROM stillgood.presigned",
    "move": "UPDATE stillgood.presigned SET issuer = 2",
    "rename": "UPDATE stillgood.presigned SET certid = sha256('y')",
    "settle": "SELECT stillgood.settle_presigned(1)",
    "pretend": "UPDATE stillgood.issuer SET presigned_until = '2099-01-01Z', presigned_from = '2026-01-01Z'",
    "empty": "TRUNCATE stillgood.presigned",
}
WRITER = {"read", "insert", "change", "delete"}
MAY = {"responder": {"read"}, "ca": WRITER, "admin": WRITER, "revocation": set(), "desk": set(), "heartbeat": set()}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("call", CALLS)
def test_a_role_may_do_its_own_work_and_nothing_else(pg, role, call):
    connection = pg.connect(user=role)
    try:
        with connection.cursor() as cursor:
            if call in MAY[role]:
                cursor.execute(CALLS[call])
            else:
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(CALLS[call])
    finally:
        connection.rollback()
        connection.close()
