"""What db/README.md says can be pasted: each statement is run, in its order, by the role that it is for."""
import os
import re

import pytest

import harness
from harness import ISSUER, issuer_row, made_certificate, made_name
from test_schema import driver

README = os.path.join(harness.ROOT, "db", "README.md")
VARIABLES = {
    ":certificate": made_certificate(made_name("my ca"), made_name("leaf")),
    ":list": b"\x00\x03\x00\x01\x09",
}


def statements():
    """Of all blocks of SQL, without those that need data of one's own."""
    with open(README, encoding="utf-8") as file:
        blocks = re.findall(r"```sql\n(.*?)```", file.read(), re.DOTALL)
    text = re.sub(r"--.*", "", "\n".join(blocks))
    parts = [part.strip() for part in text.split(";")]
    return [part for part in parts if part and "…" not in part and not part.startswith("COPY")]


@pytest.fixture(scope="module")
def pg(postgres):
    driver("init", postgres.conninfo)
    postgres.sql(ISSUER, issuer_row("My CA"))
    for serial in ("F3A1", "F3A2", "F3A3", "F3A4"):
        postgres.sql("SELECT stillgood.issue('My CA', %s)", (serial,))
    # What 0.1 would have left.
    postgres.sql("INSERT INTO stillgood.certificate (issuer, serial, version)"
                 " VALUES (1, '\\xf3a1', 2)")
    postgres.sql("INSERT INTO stillgood.wrong_serial VALUES (1, '\\xf3a1')")
    postgres.sql("CREATE ROLE admin LOGIN IN ROLE stillgood_admin")
    return postgres


def test_what_the_readme_shows_can_be_pasted(pg):
    connection = pg.connect(user="admin")
    connection.autocommit = True
    shown = statements()
    assert len(shown) > 15
    # All certificates and the whole issuer are revoked last.
    ends = [statement for statement in shown if "revoke_recorded" in statement or "revoke_issuer" in statement]
    paste(connection, [statement for statement in shown if statement not in ends])
    assert pg.sql("SELECT encode(serial, 'hex'), status FROM stillgood.certificate WHERE issuer = 1"
                  " AND octet_length(serial) = 3 ORDER BY serial") == [
        ("00f3a1", 1), ("00f3a2", 0), ("00f3a3", 1), ("00f3a4", 1)]
    paste(connection, ends)
    connection.close()
    assert pg.sql("SELECT name FROM stillgood.issuer WHERE revoked_at IS NOT NULL") == [("My CA",)]
    assert pg.sql("SELECT DISTINCT status FROM stillgood.certificate WHERE issuer = 1 ORDER BY 1") == [(1,), (3,)]


def paste(connection, shown):
    with connection.cursor() as cursor:
        for statement in shown:
            for variable, value in VARIABLES.items():
                statement = statement.replace(variable, f"'\\x{value.hex()}'::bytea")
            try:
                cursor.execute(statement)
            except Exception as error:
                raise AssertionError(statement) from error
