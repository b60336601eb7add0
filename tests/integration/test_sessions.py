"""Settings that a role, a database, PGOPTIONS or the caller's session may have: none changes what our
commands, a responder and the schema's functions say and write."""
import os
import time

import psycopg2
import pytest

import harness
from harness import made_certificate, made_name, wait_for

NAME = "失効 CA"
SETTINGS = {
    "bytea_output": "escape", "DateStyle": "'SQL, DMY'", "IntervalStyle": "sql_standard",
    "TimeZone": "'Asia/Kolkata'", "client_encoding": "LATIN1", "row_security": "on",
    "search_path": "evil, pg_catalog", "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on", "default_transaction_deferrable": "on",
    "statement_timeout": "1", "lock_timeout": "1", "standard_conforming_strings": "off",
    "transform_null_equals": "on", "exit_on_error": "on", "check_function_bodies": "off",
    "plan_cache_mode": "force_generic_plan", "jit_above_cost": "0", "enable_seqscan": "off",
}
# What a session of its own would rightly stop at.
CALLERS = {name: value for name, value in SETTINGS.items()
           if name not in ("default_transaction_read_only", "statement_timeout", "lock_timeout",
                           "exit_on_error")}
# What those who look at search_path would find before pg_catalog.
EVIL = """
CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.encode(bytea, text) RETURNS text LANGUAGE sql AS $$ SELECT 'evil' $$;
CREATE FUNCTION evil.decode(text, text) RETURNS bytea LANGUAGE sql AS $$ SELECT 'evil'::bytea $$;
CREATE FUNCTION evil.octet_length(bytea) RETURNS integer LANGUAGE sql AS $$ SELECT 0 $$;
CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'evil' $$;
CREATE FUNCTION evil.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT 'evil'::bytea $$;
CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
    $$ SELECT timestamptz '2001-01-01Z' $$;
CREATE FUNCTION evil.equal(integer, integer) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
CREATE OPERATOR evil.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = evil.equal);
"""


@pytest.fixture(scope="module")
def site(postgres, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("sessions"))
    ca = harness.DemoCA(folder, key="P-256")
    harness.stillgood("db", "init", "--database", postgres.conninfo)
    harness.stillgood("issuer", "add", ca.certificate, "--name", NAME, "--database",
                      postgres.conninfo)
    postgres.sql(EVIL)
    postgres.sql("CREATE ROLE clerk LOGIN IN ROLE stillgood_admin, stillgood_responder")
    postgres.sql("CREATE ROLE responder LOGIN IN ROLE stillgood_responder")
    return postgres, ca, folder


def login(pg, user):
    return pg.conninfo.replace("user=postgres", "user=" + user)


def reset(pg, user):
    pg.sql(f"ALTER ROLE {user} RESET ALL")
    pg.sql("ALTER DATABASE postgres RESET ALL")


_serials = iter(range(0x600000, 0x700000))


def use_commands(pg, ca, folder, environment=None):
    """Each command that reads or writes rows; what they wrote is what was meant."""
    number = next(_serials)
    serial = number.to_bytes(3, "big")
    place = ["--database", login(pg, "clerk")]
    environment = {**os.environ, **(environment or {})}

    def command(*words):
        return harness.stillgood(*words, *place, env=environment).stdout

    path = ca.issue(f"leaf{number}", number)
    assert NAME in command("issuer", "list")
    command("import", "certs", path)
    index = os.path.join(folder, f"index{number}.txt")
    with open(index, "w", encoding="ascii") as file:
        file.write(f"R\t300101000000Z\t260102030405Z,superseded\t{number + 0x100000:X}\tunknown"
                   f"\t/CN=x\n")
    command("import", "index", index, "--issuer", NAME)
    command("revoke", path, "--reason", "keyCompromise", "--at", "2026-02-03T04:05:06Z")
    rows = pg.sql("SELECT status, reason, stillgood.seconds(revoked_at) FROM stillgood.certificate"
                  " WHERE serial IN (%s, %s) ORDER BY serial",
                  (serial, (number + 0x100000).to_bytes(3, "big")))
    assert rows == [(1, 1, 1770091506), (1, 4, 1767323045)]
    responder = harness.Responder(os.path.join(folder, "check"),
                                  type("Login", (), {"conninfo": login(pg, "clerk")}), {NAME: ca})
    result = harness.stillgood("check", "-c", responder.conf, env=environment, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_of_the_role_changes_nothing_for_commands(site, setting):
    pg, ca, folder = site
    pg.sql(f"ALTER ROLE clerk SET {setting} = {SETTINGS[setting]}")
    try:
        use_commands(pg, ca, folder)
    finally:
        reset(pg, "clerk")


def test_all_of_them_at_once_of_the_database_change_nothing_for_commands(site):
    pg, ca, folder = site
    for setting, value in SETTINGS.items():
        pg.sql(f"ALTER DATABASE postgres SET {setting} = {value}")
    try:
        use_commands(pg, ca, folder)
    finally:
        connection = pg.connect(options="-c default_transaction_read_only=off -c search_path=public")
        connection.autocommit = True
        connection.cursor().execute("ALTER DATABASE postgres RESET ALL")
        connection.close()


def test_pgoptions_change_nothing_for_commands(site):
    pg, ca, folder = site
    use_commands(pg, ca, folder, {
        "PGOPTIONS": "-c bytea_output=escape -c DateStyle=SQL,DMY -c TimeZone=Asia/Kolkata"
                     " -c default_transaction_read_only=on -c standard_conforming_strings=off",
        "PGTZ": "Asia/Tokyo", "PGDATESTYLE": "German", "PGCLIENTENCODING": "LATIN1"})


def test_a_schema_made_under_all_of_them_is_the_same_schema(site):
    pg, _, _ = site
    pg.sql("CREATE DATABASE other")
    for setting, value in SETTINGS.items():
        pg.sql(f"ALTER DATABASE other SET {setting} = {value}")
    place = pg.conninfo.replace("dbname=postgres", "dbname=other")
    harness.stillgood("db", "init", "--database", place)
    harness.stillgood("db", "upgrade", "--database", place)

    def definitions(name):
        connection = pg.connect(dbname=name, options="-c search_path=pg_catalog -c"
                                " statement_timeout=0 -c standard_conforming_strings=on"
                                " -c bytea_output=hex -c datestyle=iso -c timezone=UTC"
                                " -c intervalstyle=postgres")
        with connection.cursor() as cursor:
            cursor.execute("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
                           " WHERE connamespace = 'stillgood'::regnamespace UNION ALL"
                           " SELECT proname, pg_get_functiondef(oid) FROM pg_proc"
                           " WHERE pronamespace = 'stillgood'::regnamespace UNION ALL"
                           " SELECT viewname, definition FROM pg_views"
                           " WHERE schemaname = 'stillgood' ORDER BY 1, 2")
            rows = cursor.fetchall()
        connection.close()
        return rows

    assert definitions("other") == definitions("postgres")
    pg.sql("DROP DATABASE other")


def test_triggers_that_are_passed_by_are_an_error(site):
    """A revocation that leaves no change log would reach no responder."""
    pg, ca, _ = site
    pg.sql("ALTER ROLE clerk SET session_replication_role = replica")
    try:
        result = harness.stillgood("issuer", "add", ca.certificate, "--database",
                                   login(pg, "clerk"), check=False)
    finally:
        reset(pg, "clerk")
    assert result.returncode == 1 and "session_replication_role" in result.stderr


def test_rows_that_a_policy_hides_are_an_error(site):
    pg, _, _ = site
    pg.sql("ALTER TABLE stillgood.issuer ENABLE ROW LEVEL SECURITY")
    try:
        result = harness.stillgood("issuer", "list", "--database", login(pg, "clerk"), check=False)
    finally:
        pg.sql("ALTER TABLE stillgood.issuer DISABLE ROW LEVEL SECURITY")
    assert result.returncode == 1 and NAME not in result.stdout


def test_settings_of_its_role_change_nothing_for_a_responder(site):
    pg, ca, folder = site
    for setting, value in SETTINGS.items():
        pg.sql(f"ALTER ROLE responder SET {setting} = {value}")
    for setting in ("idle_session_timeout", "idle_in_transaction_session_timeout"):
        pg.sql(f"ALTER ROLE responder SET {setting} = '1s'")
    number = next(_serials)
    pg.sql("SELECT stillgood.issue(%s, %s)", (NAME, number.to_bytes(3, "big")))
    place = type("Login", (), {"conninfo": login(pg, "responder")})
    try:
        with harness.Responder(os.path.join(folder, "serve"), place, {NAME: ca}) as responder:
            def says(state):
                result = harness.run("openssl", "ocsp", "-issuer", ca.certificate, "-serial",
                                     hex(number), "-url", responder.url, "-noverify", check=False)
                return f"{hex(number)}: {state}" in result.stdout
            wait_for("good", lambda: says("good"))
            time.sleep(2.5)  # more than idle_session_timeout: the lookups' session was idle
            sessions = pg.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'responder' AND"
                              " backend_start < clock_timestamp() - interval '2 seconds'")
            assert len(sessions) == 2, responder.log()
            pg.sql("SELECT stillgood.revoke(%s, %s)", (NAME, number.to_bytes(3, "big")))
            wait_for("revoked", lambda: says("revoked"))
    finally:
        reset(pg, "responder")


@pytest.mark.parametrize("setting", CALLERS)
def test_a_setting_of_the_callers_session_changes_nothing_for_functions(site, setting):
    pg, _, _ = site
    number = next(_serials)
    name = made_name(f"encoding {number}")
    connection = pg.connect(user="clerk", options=f"-c {setting}="
                            + SETTINGS[setting].strip("'").replace(" ", "\\ "))
    connection.set_client_encoding("UTF8")
    with connection, connection.cursor() as cursor:
        def call(function, *parameters):
            places = ", ".join(["%s"] * len(parameters))
            cursor.execute(f"SELECT stillgood.{function}({places})", parameters)
            return cursor.fetchone()[0]

        assert call("issue", NAME, f"0x{number:x}") is True
        assert call("issue", NAME, number.to_bytes(3, "big")) is False
        assert call("hold", NAME, f"decimal:{number}") is True
        assert call("release", NAME, f"{number:x}") is True
        assert call("withdraw", NAME, f"{number:x}") is True
        assert call("revoke", NAME, f"{number:x}", "keyCompromise") is True
        assert call("learn_issuer_name", NAME, made_certificate(name, name)) is True
        cursor.execute("INSERT INTO stillgood.certificate (issuer, serial, status, revoked_at)"
                       " VALUES (1, %s, 1, pg_catalog.now())",
                       ((number + 0x100000).to_bytes(3, "big"),))
    with connection.cursor() as cursor, pytest.raises(psycopg2.Error) as failure:
        cursor.execute("INSERT INTO stillgood.certificate (issuer, serial) VALUES (1, %s)",
                       (b"\xf3\xa1",))
    assert failure.value.diag.message_hint == "Put 00 in front: 00f3a1"
    connection.close()
    pg.sql("DELETE FROM stillgood.issuer_name")
    rows = pg.sql("SELECT status, version, revoked_at > now() - interval '1 hour'"
                  " FROM stillgood.certificate WHERE serial IN (%s, %s) ORDER BY serial",
                  (number.to_bytes(3, "big"), (number + 0x100000).to_bytes(3, "big")))
    assert rows == [(1, 5, True), (1, 1, True)]
