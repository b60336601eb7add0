"""Migration 2: CRLs and SCTs beside certificates (P-30), and the way there from migration 1."""
import hashlib
import os

import psycopg2
import pytest

import harness
from harness import ISSUER, issuer_row

DRIVER = os.path.join(os.path.dirname(harness.STILLGOOD), "tests", "db_driver")
FIRST = os.path.join(harness.ROOT, "db", "migrations", "0001_schema.sql")
SCTS = b"\x00\x03\x00\x01\x09"
ROLES = ["responder", "ca", "revocation", "heartbeat", "admin"]


def driver(*words, check=True):
    return harness.run(DRIVER, *words, check=check).stdout.strip()


def at_migration_1(connection):
    """A database as the first release left it, with rows of every kind."""

    with open(FIRST, encoding="utf-8") as file:
        text = file.read()
    with connection.cursor() as cursor:
        cursor.execute(text)
        cursor.execute("INSERT INTO stillgood.migration (number, name, sha256)"
                       " VALUES (1, 'schema', %s)", (hashlib.sha256(text.encode()).hexdigest(),))
        for name in ("A", "B"):
            cursor.execute(ISSUER, issuer_row(name))
        cursor.execute("SELECT stillgood.issue('A', '\\x01'), stillgood.issue('A', '\\x02'),"
                       " stillgood.issue('A', '\\x03', '2030-01-01Z', sha256('c'))")
        cursor.execute("SELECT stillgood.revoke('A', '\\x02', 'superseded')")
    connection.commit()


@pytest.fixture(scope="module")
def pg(postgres):
    connection = postgres.connect()
    at_migration_1(connection)
    connection.close()
    assert "stillgood db upgrade" in driver("check", postgres.conninfo, check=False)
    before = postgres.sql("SELECT c.* FROM stillgood.certificate c ORDER BY serial")
    harness.stillgood("db", "upgrade", "--database", postgres.conninfo)
    after = postgres.sql("SELECT c.* FROM stillgood.certificate c ORDER BY serial")
    assert [row[:len(before[0])] for row in after] == before, "an upgrade changes no row"
    for role in ROLES:
        postgres.sql(f"CREATE ROLE {role} LOGIN IN ROLE stillgood_{role}")
    return postgres


_serials = iter(range(0x100000, 0x200000))


@pytest.fixture
def serial(pg):
    octets = next(_serials).to_bytes(3, "big")
    assert pg.sql("SELECT stillgood.issue('A', %s)", (octets,)) == [(True,)]
    return octets


def refused(pg, code, statement, parameters=None, user="postgres"):
    connection = pg.connect(user=user)
    try:
        with connection.cursor() as cursor, pytest.raises(psycopg2.Error) as failure:
            cursor.execute(statement, parameters)
        assert failure.value.pgcode == code, failure.value
    finally:
        connection.close()


def version(pg, serial):
    return pg.sql("SELECT version FROM stillgood.certificate WHERE serial = %s", (serial,))[0][0]


def test_an_upgraded_database_is_complete(pg):
    assert driver("check", pg.conninfo).startswith("0")
    assert harness.stillgood("db", "upgrade", "--database", pg.conninfo).returncode == 0
    number = pg.sql("SELECT count(*) FROM stillgood.migration")[0][0]
    assert number >= 2


def test_a_certificate_without_facts_is_as_narrow_as_before(pg):
    """108 bytes a good row with a 20-octet serial (migration 1)."""
    pg.sql("INSERT INTO stillgood.certificate (issuer, serial, not_after) VALUES"
           " (1, decode(repeat('5a', 20), 'hex'), '2030-01-01Z')")
    size = pg.sql("SELECT pg_column_size(c.*) FROM stillgood.certificate c"
                  " WHERE octet_length(serial) = 20")[0][0]
    assert size <= 80


@pytest.mark.parametrize("number,url,at", [
    (None, None, None), (b"", None, None), (b"\x80", None, None), (b"\x00\x01", None, None),
    (b"\x01" * 21, None, None), (None, "", None), (None, "http://a b/", None),
    (None, "http://失効/", None), (None, "x" * 513, None), (None, None, "infinity"),
    (None, None, "1969-01-01Z"),
])
def test_a_crl_that_no_answer_could_name_is_refused(pg, number, url, at):
    refused(pg, "23514", "SELECT stillgood.record_crl('A', %s, %s, %s)", (number, url, at))


def test_the_same_crl_has_one_number(pg):
    call = "SELECT stillgood.record_crl('A', %s, %s, %s)"
    first = pg.sql(call, (b"\x01" * 20, "http://crl.example/a", "2026-01-01Z"))
    assert pg.sql(call, (b"\x01" * 20, "http://crl.example/a", "2026-01-01Z")) == first
    assert pg.sql(call, (b"\x01" * 20, None, None)) != first
    assert pg.sql(call, (b"\x01" * 20, None, None)) == pg.sql(call, (b"\x01" * 20, None, None))


def test_another_crl_of_a_revoked_certificate_is_news(pg, serial):
    """P-30: responders follow versions. Of a good one it is no news: no answer names it."""
    crl = pg.sql("SELECT stillgood.record_crl('A', '\\x05')")[0][0]
    assert pg.sql("SELECT stillgood.set_crl('A', %s, %s)", (serial, crl)) == [(True,)]
    assert version(pg, serial) == 1
    pg.sql("SELECT stillgood.revoke('A', %s)", (serial,))
    assert version(pg, serial) == 2
    assert pg.sql("SELECT stillgood.set_crl('A', %s, %s)", (serial, crl)) == [(False,)]
    assert version(pg, serial) == 2
    later = pg.sql("SELECT stillgood.record_crl('A', '\\x06')")[0][0]
    assert pg.sql("SELECT stillgood.set_crl('A', %s, %s)", (serial, later)) == [(True,)]
    assert version(pg, serial) == 3
    assert len(pg.sql("SELECT seq FROM stillgood.change_log WHERE serial = %s", (serial,))) == 2


def test_a_crl_of_another_issuer_is_refused(pg, serial):
    crl = pg.sql("SELECT stillgood.record_crl('B', '\\x05')")[0][0]
    refused(pg, "P0002", "SELECT stillgood.set_crl('A', %s, %s)", (serial, crl))
    refused(pg, "P0002", "SELECT stillgood.set_crl('A', %s, 999999)", (serial,))
    refused(pg, "P0002", "SELECT stillgood.set_crl('A', '\\x7e7e', %s)", (crl,))


@pytest.mark.parametrize("scts", [
    b"", b"\0\0", b"\0\2\0\0", b"\0\3\0\2\x09", b"\0\4\0\1\x09\x09", b"\0\3\0\1\x09\x09",
    b"\x08\x00\x07\xfe" + b"x" * 2046,
])
def test_what_is_no_sct_list_is_refused(pg, serial, scts):
    refused(pg, "23514", "SELECT stillgood.store_scts('A', %s, %s)", (serial, scts))


def test_scts_are_stored_and_replaced(pg, serial):
    call = "SELECT stillgood.store_scts('A', %s, %s)"
    assert pg.sql(call, (serial, SCTS)) == [(True,)]
    assert pg.sql(call, (serial, SCTS)) == [(False,)]
    longest = b"\x07\xfe\x07\xfc" + b"x" * 2044
    assert pg.sql(call, (serial, longest)) == [(True,)]
    assert version(pg, serial) == 1
    refused(pg, "P0002", call, (b"\x7e\x7e", SCTS))


CALLS = {
    "read crl": "SELECT FROM stillgood.crl",
    "read sct": "SELECT FROM stillgood.certificate_sct",
    "record_crl": "SELECT stillgood.record_crl('A', '\\x07')",
    "set_crl": "SELECT stillgood.set_crl('A', '\\x01', NULL)",
    "store_scts": "SELECT stillgood.store_scts('A', '\\x01', '\\x0003000109')",
    "insert sct": "INSERT INTO stillgood.certificate_sct VALUES (1, '\\x77', '\\x0003000109')",
    "insert crl": "INSERT INTO stillgood.crl (issuer, number) VALUES (1, '\\x44')",
    "update crl": "UPDATE stillgood.certificate SET crl = NULL",
    "delete sct": "DELETE FROM stillgood.certificate_sct",
    "delete crl": "DELETE FROM stillgood.crl",
    "change crl": "UPDATE stillgood.crl SET url = 'x'",
}
MAY = {
    "responder": {"read crl", "read sct"},
    "ca": set(CALLS) - {"delete sct", "delete crl", "change crl"},
    "revocation": {"record_crl", "set_crl"},
    "heartbeat": set(),
    "admin": set(CALLS) - {"delete sct", "delete crl", "change crl"},
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("call", CALLS)
def test_a_role_may_do_its_own_work_and_nothing_else(pg, role, call):
    if call not in MAY[role]:
        refused(pg, "42501", CALLS[call], user=role)
        return
    connection = pg.connect(user=role)
    with connection.cursor() as cursor:
        cursor.execute(CALLS[call])
    connection.rollback()
    connection.close()
