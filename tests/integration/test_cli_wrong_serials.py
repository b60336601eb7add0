"""`db upgrade` of a database that 0.1 has filled: serials that cannot be meant are listed, and set right
when the operator says so (P-6)."""
import json

import pytest

from harness import stillgood
from test_cli_database import refused
from test_schema_identity import WRONG, at_0_1


@pytest.fixture
def old(postgres, request):
    """(conninfo, query) of a database as 0.1 left it."""
    name = "old_" + str(abs(hash(request.node.name)) % 10**9)
    postgres.sql(f"CREATE DATABASE {name}")
    connection = postgres.connect(dbname=name)
    at_0_1(connection)
    connection.autocommit = True

    def query(statement, *parameters):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []
    yield postgres.conninfo.replace("dbname=postgres", f"dbname={name}"), query
    connection.close()
    postgres.sql(f"DROP DATABASE {name}")


def upgrade(conninfo, *arguments, status=0):
    result = stillgood("db", "upgrade", *arguments, "--json", "--database", conninfo, check=False)
    assert result.returncode == status, result.stderr
    return json.loads(result.stdout)["wrong_serials"]


def status_of(query, serial):
    rows = query("SELECT status FROM stillgood.certificate WHERE issuer = 1 AND serial = %s", serial)
    return rows[0][0] if rows else None


def test_an_upgrade_lists_what_cannot_be_meant_and_changes_none_of_it(old):
    conninfo, query = old
    text = stillgood("db", "upgrade", "--database", conninfo).stdout
    before = query("SELECT issuer, serial, status, version FROM stillgood.certificate ORDER BY 1, 2")
    assert " are recorded under a serial number that cannot be meant" in text
    assert '  C0DE of issuer "A", good: negative, is 00C0DE\n' in text
    assert '  F3A1 of issuer "A", revoked: negative, is 00F3A1\n' in text
    assert '"00:F3:A2:00", is 00F3A200\n' in text
    assert '"15966720", 15966720 read as hexadecimal, 00F3A200 as decimal\n' in text
    assert "--correct-serials=hex or =decimal" in text
    wrong = upgrade(conninfo)
    assert wrong["count"] == len(wrong["rows"]) >= len(WRONG)
    assert (wrong["ambiguous"], wrong["corrected"]) == (1, 0)
    by_text = {row["text"]: row for row in wrong["rows"] if row["text"]}
    assert by_text["15966720"]["right"] == "15966720"
    assert by_text["15966720"]["decimal"] == "00F3A200"
    assert by_text["00F3A201"]["status"] == "revoked"
    after = query("SELECT issuer, serial, status, version FROM stillgood.certificate ORDER BY 1, 2")
    assert after == before


@pytest.mark.parametrize("how, right", [("hex", "15966720"), ("decimal", "00F3A200")])
def test_serials_are_set_right_with_their_status(old, how, right):
    conninfo, query = old
    wrong = upgrade(conninfo, f"--correct-serials={how}")
    assert wrong["count"] == 0 and wrong["failed"] == 0 and wrong["corrected"] >= len(WRONG)
    expected = {bytes.fromhex("00c0de"): 0, bytes.fromhex("00f3a1"): 1, bytes.fromhex("00d0"): 2,
                bytes.fromhex("00f3a200"): 0, bytes.fromhex("00f3a201"): 1,
                bytes.fromhex("00f3a202"): 0, bytes.fromhex(right): 0}
    for serial, status in expected.items():
        assert status_of(query, serial) == status, serial.hex()
    assert status_of(query, WRONG["negative revoked"]) == 1  # a revoked one stays revoked
    assert status_of(query, WRONG["negative"]) == 3
    # A second time there is nothing left to do.
    again = upgrade(conninfo, "--correct-serials")
    assert (again["count"], again["corrected"]) == (0, 0)
    text = stillgood("db", "upgrade", "--database", conninfo).stdout
    assert "serial" not in text


def test_what_digits_alone_were_must_be_said(old):
    """The rest is set right all the same."""
    conninfo, query = old
    wrong = upgrade(conninfo, "--correct-serials", status=1)
    assert wrong["count"] == wrong["ambiguous"] == 1
    assert [row["text"] for row in wrong["rows"]] == ["15966720"]
    assert status_of(query, bytes.fromhex("00c0de")) == 0
    assert status_of(query, b"15966720") == 0 and status_of(query, bytes.fromhex("15966720")) is None
    result = stillgood("db", "upgrade", "--correct-serials", "--database", conninfo, check=False)
    assert result.returncode == 1 and "need --correct-serials=hex or =decimal" in result.stdout
    assert upgrade(conninfo, "--correct-serials=decimal")["corrected"] == 1
    refused("db", "upgrade", "--correct-serials=octal", "--database", conninfo, status=2)


def test_one_that_contradicts_does_not_keep_the_rest_wrong(old):
    """Its right number stands for another certificate."""
    conninfo, query = old
    query("SELECT stillgood.issue('A', '\\x00d0'::bytea, NULL, sha256('one'))")
    query("UPDATE stillgood.certificate SET certificate_hash = sha256('other') WHERE issuer = 1 "
          "AND serial = '\\xd0'")
    query("INSERT INTO stillgood.certificate (issuer, serial) VALUES (99, '\\xf1')")
    wrong = upgrade(conninfo, "--correct-serials=hex", status=1)
    assert wrong["failed"] == 1 and wrong["count"] == 2
    (failure,) = wrong["failures"]
    assert failure["serial"].upper() == "D0" and "another certificate" in failure["error"]
    assert [row["issuer"] for row in wrong["rows"]] == ["A", None]
    assert status_of(query, bytes.fromhex("00c0de")) == 0
    text = stillgood("db", "upgrade", "--database", conninfo).stdout
    assert "F1 of id 99, which no issuer has, good: negative, is 00F1" in text


def test_many_are_listed_in_part_and_set_right_in_full(old):
    conninfo, query = old
    query("INSERT INTO stillgood.certificate (issuer, serial) SELECT 1, "
          "decode('90' || lpad(to_hex(n), 6, '0'), 'hex') FROM generate_series(1, 2500) n")
    text = stillgood("db", "upgrade", "--database", conninfo).stdout
    assert text.count(' of issuer "A"') == 20 and " more\n" in text
    result = stillgood("db", "upgrade", "--correct-serials=hex", "--database", conninfo).stdout
    assert " serial numbers were set right\n" in result
    assert query("SELECT count(*) FROM stillgood.certificate WHERE issuer = 1 AND status = 0 "
                 "AND serial BETWEEN '\\x0090000001' AND '\\x00900009c4'") == [(2500,)]
