"""The schema: which moves it allows, who may make them, and how it is made and upgraded."""
import os
import threading

import psycopg2
import pytest

import harness
from harness import ISSUER, issuer_row

DRIVER = os.path.join(os.path.dirname(harness.STILLGOOD), "tests", "db_driver")
MIGRATION = os.path.join(harness.ROOT, "db", "migrations", "0001_schema.sql")
MIGRATIONS = os.listdir(os.path.dirname(MIGRATION))
ROLES = ["responder", "ca", "revocation", "desk", "heartbeat", "admin"]


def driver(*words, check=True):
    return harness.run(DRIVER, *words, check=check).stdout.strip()


def add_issuer(pg, name):
    pg.sql(ISSUER, issuer_row(name))


@pytest.fixture(scope="module")
def pg(postgres):
    driver("init", postgres.conninfo)
    add_issuer(postgres, "A")
    for role in ROLES:
        postgres.sql(f"CREATE ROLE {role} LOGIN IN ROLE stillgood_{role}")
    return postgres


_serials = iter(range(0x100000, 0x200000))


@pytest.fixture
def serial(pg):
    """A new certificate, recorded as good."""
    octets = next(_serials).to_bytes(3, "big")
    assert pg.sql("SELECT stillgood.issue('A', %s)", (octets,)) == [(True,)]
    return octets


def row(pg, serial):
    return pg.sql("SELECT status, version, reason FROM stillgood.certificate WHERE serial = %s",
                  (serial,))[0]


def events(pg, serial):
    return pg.sql("SELECT old_status, new_status, reason, who, requested_by, note"
                  " FROM stillgood.revocation_event WHERE serial = %s ORDER BY id", (serial,))


def logged(pg, serial):
    return pg.sql("SELECT version, status FROM stillgood.change_log WHERE serial = %s"
                  " ORDER BY seq", (serial,))


def refused(pg, code, statement, parameters=None, user="postgres"):
    """The statement fails with this SQLSTATE; returns the message."""
    connection = pg.connect(user=user)
    try:
        with connection.cursor() as cursor, pytest.raises(psycopg2.Error) as failure:
            cursor.execute(statement, parameters)
        assert failure.value.pgcode == code, failure.value
        return str(failure.value)
    finally:
        connection.close()


def update(pg, serial, setting):
    pg.sql(f"UPDATE stillgood.certificate SET {setting} WHERE serial = %s", (serial,))


REVOKE = "status = 1, reason = 1, revoked_at = now()"
HOLD = "status = 2, reason = 6, revoked_at = now()"
RELEASE = "status = 0, reason = NULL, revoked_at = NULL"


# ---- moves --------------------------------------------------------------------------------------

@pytest.mark.parametrize("move", [RELEASE, HOLD])
def test_revoked_stays_revoked(pg, serial, move):
    update(pg, serial, REVOKE)
    message = refused(pg, "23514", f"UPDATE stillgood.certificate SET {move} WHERE serial = %s",
                      (serial,))
    assert serial.hex() in message and "stays revoked" in message
    assert row(pg, serial) == (1, 2, 1)


@pytest.mark.parametrize("setting", [
    "status = 3, revoked_at = now()",
    "status = 1, reason = 7, revoked_at = now()",
    "status = 1, reason = 8, revoked_at = now()",
    "status = 1, reason = 6, revoked_at = now()",
    "status = 1, reason = 1",
    "status = 1, revoked_at = 'infinity'",
    "status = 1, revoked_at = '10000-01-01Z'",
    "status = 2, reason = 1, revoked_at = now()",
    "status = 2, revoked_at = now()",
    "status = 0, reason = 1",
    "status = 0, revoked_at = now()",
    "status = 0, invalidity_at = now()",
    "issuer = 99",
    "serial = '\\x7f'",
])
def test_a_state_or_move_that_cannot_be_is_refused(pg, serial, setting):
    code = "22023" if "infinity" in setting or "10000" in setting else "23514"
    refused(pg, code, f"UPDATE stillgood.certificate SET {setting} WHERE serial = %s", (serial,))
    assert row(pg, serial) == (0, 1, None) and logged(pg, serial) == []


def test_a_revocation_cannot_be_announced(pg, serial):
    refused(pg, "22023", "UPDATE stillgood.certificate SET status = 1,"
            " revoked_at = now() + interval '5 minutes' WHERE serial = %s", (serial,))
    refused(pg, "22023", "INSERT INTO stillgood.certificate (issuer, serial, status, revoked_at)"
            " VALUES (1, '\\x0123', 1, now() + interval '5 minutes')")
    update(pg, serial, "status = 1, revoked_at = now() + interval '10 seconds'")
    assert row(pg, serial)[0] == 1


def test_hold_release_revoke_count_versions_and_leave_events(pg, serial):
    for move in (HOLD, RELEASE, HOLD, REVOKE):
        update(pg, serial, move)
    assert row(pg, serial) == (1, 5, 1)
    assert logged(pg, serial) == [(2, 2), (3, 0), (4, 2), (5, 1)]
    assert [event[:4] for event in events(pg, serial)] == [
        (0, 2, 6, "postgres"), (2, 0, None, "postgres"), (0, 2, 6, "postgres"),
        (2, 1, 1, "postgres")]


def test_a_later_reason_or_date_is_a_version_and_an_event(pg, serial):
    """P-29."""
    update(pg, serial, REVOKE)
    update(pg, serial, "reason = 4")
    update(pg, serial, "revoked_at = '2020-01-01Z'")
    update(pg, serial, "invalidity_at = '2019-01-01Z'")
    assert row(pg, serial) == (1, 5, 4)
    assert len(logged(pg, serial)) == len(events(pg, serial)) == 4


def test_an_update_that_changes_nothing_leaves_no_trace(pg, serial):
    update(pg, serial, REVOKE)
    update(pg, serial, "reason = reason, status = 1")
    assert row(pg, serial)[1] == 2 and len(logged(pg, serial)) == 1


def test_good_rows_are_not_logged_others_are(pg):
    pg.sql("INSERT INTO stillgood.certificate (issuer, serial, status, reason, revoked_at)"
           " VALUES (1, '\\x31', 0, NULL, NULL), (1, '\\x32', 1, 1, '2020-01-01')")
    assert logged(pg, b"\x31") == [] and events(pg, b"\x31") == []
    assert logged(pg, b"\x32") == [(1, 1)] and events(pg, b"\x32")[0][:2] == (None, 1)


def test_a_revoked_row_of_no_issuer_is_refused(pg):
    refused(pg, "23503", "INSERT INTO stillgood.certificate (issuer, serial, status, revoked_at)"
            " VALUES (999, '\\x01', 1, now())")


@pytest.mark.parametrize("octets", [b"", b"\x00\x01", b"\xff\x80", b"\x01" * 65])
def test_serials_are_minimal_integers(pg, octets):
    """P-6."""
    refused(pg, "23514", "INSERT INTO stillgood.certificate (issuer, serial) VALUES (1, %s)",
            (octets,))


@pytest.mark.parametrize("octets", [b"\x00", b"\x00\x80", b"\x7f" * 64, b"0F3A200"])
def test_real_serials_are_taken(pg, octets):
    pg.sql("INSERT INTO stillgood.certificate (issuer, serial) VALUES (1, %s)", (octets,))
    assert row(pg, octets) == (0, 1, None)


def test_a_serial_stands_for_one_certificate_only(pg, serial):
    one, other = b"\x01" * 32, b"\x02" * 32
    assert pg.sql("SELECT stillgood.issue('A', %s, '2030-01-01', %s)", (serial, one)) == [(True,)]
    assert pg.sql("SELECT stillgood.issue('A', %s, NULL, %s)", (serial, one)) == [(False,)]
    assert row(pg, serial)[1] == 1  # facts added to a good row are no news
    refused(pg, "23505", "SELECT stillgood.issue('A', %s, NULL, %s)", (serial, other))


@pytest.mark.parametrize("table", ["certificate", "issuer", "revocation_event"])
@pytest.mark.parametrize("statement", ["DELETE FROM stillgood.{}", "TRUNCATE stillgood.{} CASCADE"])
def test_what_was_recorded_stays_recorded(pg, table, statement):
    refused(pg, "55000", statement.format(table))


def test_events_are_append_only(pg):
    refused(pg, "55000", "UPDATE stillgood.revocation_event SET note = 'x'")


# ---- issuers ------------------------------------------------------------------------------------

def test_same_subject_and_key_are_the_same_issuer(pg):
    """P-8."""
    add_issuer(pg, "Twice")
    again = issuer_row("Other name", "Twice", "Twice")
    assert "issuer_identity" in refused(pg, "23505", ISSUER, again)
    pg.sql(ISSUER, issuer_row("Re-keyed", "Twice", "another key"))


def test_an_issuer_once_revoked_stays_revoked(pg):
    """P-34."""
    add_issuer(pg, "Closed")
    revoke = "SELECT stillgood.revoke_issuer('Closed', 'cessationOfOperation', NULL, 'ca', 'end')"
    assert pg.sql(revoke) == [(True,)] and pg.sql(revoke) == [(False,)]
    refused(pg, "23514", "UPDATE stillgood.issuer SET revoked_at = NULL WHERE name = 'Closed'")
    log = pg.sql("SELECT l.version, l.status, l.reason FROM stillgood.change_log l"
                 " JOIN stillgood.issuer i ON i.id = l.issuer"
                 " WHERE i.name = 'Closed' AND l.serial IS NULL ORDER BY l.seq")
    assert log == [(1, 0, None), (2, 1, 5)]
    assert pg.sql("SELECT e.requested_by, e.note FROM stillgood.revocation_event e JOIN"
                  " stillgood.issuer i ON i.id = e.issuer WHERE i.name = 'Closed'") == [("ca", "end")]


def test_an_issuer_keeps_its_identity(pg):
    refused(pg, "23514", "UPDATE stillgood.issuer SET key_hash = sha256('x') WHERE name = 'A'")
    refused(pg, "23514", "UPDATE stillgood.issuer SET id = 77 WHERE name = 'A'")


# ---- functions ----------------------------------------------------------------------------------

def test_functions_can_be_repeated(pg, serial):
    calls = [("issue", False), ("hold", True), ("hold", False), ("release", True),
             ("release", False), ("revoke", True), ("revoke", False)]
    for function, changed in calls:
        assert pg.sql(f"SELECT stillgood.{function}('A', %s)", (serial,)) == [(changed,)], function
    assert row(pg, serial) == (1, 4, None)
    refused(pg, "23514", "SELECT stillgood.release('A', %s)", (serial,))
    refused(pg, "23514", "SELECT stillgood.hold('A', %s)", (serial,))


def test_revoke_records_who_asked_and_why_and_only_for_itself(pg, serial):
    connection = pg.connect(user="revocation")
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT stillgood.revoke('A', %s, 'keyCompromise', '2024-05-06Z',"
                       " '2024-05-05Z', 'subscriber', 'lost card')", (serial,))
        cursor.execute("SELECT stillgood.revoke('A', %s, 'superseded')", (serial,))
    connection.close()
    assert events(pg, serial) == [
        (0, 1, 1, "revocation", "subscriber", "lost card"), (1, 1, 4, "revocation", None, None)]
    assert pg.sql("SELECT revoked_at = '2024-05-06Z', invalidity_at = '2024-05-05Z'"
                  " FROM stillgood.certificate WHERE serial = %s", (serial,)) == [(True, True)]


def test_a_hold_that_becomes_a_revocation_keeps_its_date(pg, serial):
    pg.sql("SELECT stillgood.hold('A', %s, '2024-01-01Z')", (serial,))
    pg.sql("SELECT stillgood.revoke('A', %s, 'keyCompromise')", (serial,))
    assert pg.sql("SELECT revoked_at = '2024-01-01Z' FROM stillgood.certificate"
                  " WHERE serial = %s", (serial,)) == [(True,)]


def test_functions_say_what_is_wrong(pg, serial):
    assert "issue()" in refused(pg, "P0002", "SELECT stillgood.revoke('A', '\\x6666')")
    assert "Nobody" in refused(pg, "P0002", "SELECT stillgood.issue('Nobody', '\\x01')")
    refused(pg, "22023", "SELECT stillgood.revoke('A', %s, 'bored')", (serial,))
    refused(pg, "22023", "SELECT stillgood.revoke('A', %s, 'removeFromCRL')", (serial,))
    assert "hold()" in refused(pg, "22023", "SELECT stillgood.revoke('A', %s, 'certificateHold')",
                               (serial,))
    refused(pg, "22023", "SELECT stillgood.revoke('A', %s, requested_by => 'me')", (serial,))


def test_the_log_is_trimmed_by_marks_not_by_age(pg, serial):
    """A row of a transaction that stayed open is young, whatever its time says."""
    refused(pg, "22023", "SELECT stillgood.trim_change_log('59 minutes')")
    update(pg, serial, REVOKE)
    assert pg.sql("SELECT stillgood.trim_change_log('1 hour')") == [(0,)]
    pg.sql("UPDATE stillgood.change_log_mark SET taken_at = taken_at - interval '2 hours'")
    later = next(_serials).to_bytes(3, "big")
    pg.sql("INSERT INTO stillgood.certificate (issuer, serial, status, revoked_at)"
           " VALUES (1, %s, 1, '2020-01-01')", (later,))
    assert pg.sql("SELECT stillgood.trim_change_log('1 hour')")[0][0] > 0
    assert logged(pg, serial) == [] and logged(pg, later) == [(1, 1)]


# ---- concurrency --------------------------------------------------------------------------------

def test_two_sessions_on_one_row_count_consecutive_versions(pg, serial):
    def work():
        connection = pg.connect()
        connection.autocommit = True
        with connection.cursor() as cursor:
            for _ in range(40):
                for function in ("hold", "release"):
                    cursor.execute(f"SELECT stillgood.{function}('A', %s)", (serial,))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    versions = [version for version, _ in logged(pg, serial)]
    assert versions == list(range(2, len(versions) + 2)) and len(versions) >= 80
    assert row(pg, serial)[1] == versions[-1]


def test_an_update_of_many_rows_after_one_of_few_is_not_quadratic(pg):
    """The trigger's plan is cached at the first, tiny, UPDATE of a session."""
    pg.sql("INSERT INTO stillgood.certificate (issuer, serial)"
           " SELECT 1, decode('40' || lpad(to_hex(i), 8, '0'), 'hex') FROM generate_series(1, 50000) i")
    connection = pg.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '60s'")
        for low, high in ((1, 1), (2, 2), (3, 50000)):
            cursor.execute(
                "UPDATE stillgood.certificate SET status = 1, revoked_at = now() WHERE serial BETWEEN"
                " decode('40' || lpad(to_hex(%s), 8, '0'), 'hex') AND"
                " decode('40' || lpad(to_hex(%s), 8, '0'), 'hex')", (low, high))
            assert cursor.rowcount == high - low + 1
    connection.close()


# ---- roles --------------------------------------------------------------------------------------

CALLS = {
    "issue": "SELECT stillgood.issue('A', '\\x5a01')",
    "revoke": "SELECT stillgood.revoke('A', '\\x5a01')",
    "hold": "SELECT stillgood.hold('A', '\\x5a02')",
    "release": "SELECT stillgood.release('A', '\\x5a02')",
    "revoke_issuer": "SELECT stillgood.revoke_issuer('Expendable')",
    "heartbeat": "SELECT stillgood.heartbeat()",
    "trim": "SELECT stillgood.trim_change_log()",
    "insert": "INSERT INTO stillgood.certificate (issuer, serial, not_after)"
              " VALUES (1, '\\x5a03', now()) ON CONFLICT DO NOTHING",
    "update": "UPDATE stillgood.certificate SET status = 1, revoked_at = now()"
              " WHERE serial = '\\x5a04'",
    "insert version": "INSERT INTO stillgood.certificate (issuer, serial, version)"
                      " VALUES (1, '\\x5a05', 7)",
    "update version": "UPDATE stillgood.certificate SET version = 7",
    "update serial": "UPDATE stillgood.certificate SET serial = '\\x01'",
    "write log": "INSERT INTO stillgood.change_log (issuer, version, status) VALUES (1, 1, 0)",
    "write event": "INSERT INTO stillgood.revocation_event (issuer, version, new_status)"
                   " VALUES (1, 1, 0)",
    "delete log": "DELETE FROM stillgood.change_log",
    "add issuer": (ISSUER, issuer_row("New")),
    "read certificate": "SELECT 1 FROM stillgood.certificate",
    "read issuer": "SELECT 1 FROM stillgood.issuer",
    "read log": "SELECT 1 FROM stillgood.change_log",
    "read heartbeat": "SELECT 1 FROM stillgood.heartbeat",
    "read events": "SELECT who, note FROM stillgood.revocation_event",
    "read holds": "SELECT id, issuer, serial, version, old_status, new_status, revoked_at, invalidity_at"
                  " FROM stillgood.revocation_event",
    "read migration": "SELECT 1 FROM stillgood.migration",
    "write migration": "UPDATE stillgood.migration SET sha256 = ''",
}
MAY = {
    "responder": {"read certificate", "read issuer", "read log", "read heartbeat", "read holds"},
    "ca": {"issue", "revoke", "hold", "release", "insert", "update", "read certificate",
           "read issuer", "read events", "read holds"},
    "revocation": {"revoke", "hold", "release", "revoke_issuer", "read issuer"},
    "desk": {"revoke", "hold", "release", "read issuer"},
    "heartbeat": {"heartbeat"},
    "admin": {"issue", "revoke", "hold", "release", "revoke_issuer", "heartbeat", "trim", "insert",
              "update", "add issuer", "read certificate", "read issuer", "read log",
              "read heartbeat", "read events", "read holds"},
}


@pytest.fixture(scope="module")
def role_rows(pg):
    add_issuer(pg, "Expendable")
    for octets in (b"\x5a\x01", b"\x5a\x02", b"\x5a\x04"):
        pg.sql("SELECT stillgood.issue('A', %s)", (octets,))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("call", CALLS)
def test_a_role_may_do_its_own_work_and_nothing_else(pg, role_rows, role, call):
    statement = CALLS[call] if isinstance(CALLS[call], tuple) else (CALLS[call],)
    connection = pg.connect(user=role)
    try:
        with connection.cursor() as cursor:
            if call in MAY[role] | {"read migration"}:
                cursor.execute(*statement)
            else:
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(*statement)
        connection.rollback()
    finally:
        connection.close()


# ---- migrations ---------------------------------------------------------------------------------

@pytest.fixture
def database(pg):
    """An empty database of the same cluster, whose roles exist already."""
    name = f"d{next(_serials)}"
    pg.sql(f"CREATE DATABASE {name}")
    yield name
    pg.sql(f"DROP DATABASE {name} WITH (FORCE)")


def conninfo(pg, database, user="postgres"):
    return f"host={pg.folder} port={pg.port} dbname={database} user={user}"


def test_init_can_be_repeated_and_check_agrees(pg, database):
    place = conninfo(pg, database)
    assert "stillgood db init" in driver("check", place, check=False)
    assert "stillgood db init" in driver("upgrade", place, check=False)
    assert driver("init", place) == f"0 {len(MIGRATIONS)}"
    assert driver("init", place) == driver("upgrade", place) == "0 0"
    assert driver("check", place) == "0 0"


def test_two_inits_at_once_make_one_schema(pg, database):
    results = []
    threads = [threading.Thread(target=lambda: results.append(
        driver("init", conninfo(pg, database)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["0 0", "0 0", "0 0", f"0 {len(MIGRATIONS)}"]


def test_init_half_way_leaves_nothing(pg, database):
    connection = pg.connect(dbname=database)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA stillgood; CREATE TABLE stillgood.heartbeat (x integer)")
        assert "nothing changed" in driver("init", conninfo(pg, database), check=False)
        cursor.execute("SELECT to_regclass('stillgood.issuer'), to_regclass('stillgood.migration')")
        assert cursor.fetchall() == [(None, None)]
    connection.close()


def test_a_missing_privilege_is_named(pg, database):
    pg.sql("DROP ROLE IF EXISTS plain")
    pg.sql("CREATE ROLE plain LOGIN")
    message = driver("init", conninfo(pg, database, "plain"), check=False)
    assert "GRANT CREATE ON DATABASE" in message
    pg.sql(f"GRANT CREATE ON DATABASE {database} TO plain")
    assert driver("init", conninfo(pg, database, "plain")) == f"0 {len(MIGRATIONS)}"


def test_creating_the_roles_needs_createrole():
    with harness.Postgres() as fresh:
        fresh.sql("CREATE ROLE owner LOGIN")
        fresh.sql("CREATE DATABASE d OWNER owner")
        place = conninfo(fresh, "d", "owner")
        assert "CREATEROLE" in driver("init", place, check=False)
        fresh.sql("ALTER ROLE owner CREATEROLE")
        assert driver("init", place) == f"0 {len(MIGRATIONS)}"


def test_an_unknown_schema_is_refused_with_the_command_that_mends_it(pg, database):
    place = conninfo(pg, database)
    driver("init", place)
    connection = pg.connect(dbname=database)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO stillgood.migration (number, name, sha256) VALUES (99, 'x', 'y')")
        assert "newer than this" in driver("check", place, check=False)
        assert "newer than this" in driver("upgrade", place, check=False)
        cursor.execute("DELETE FROM stillgood.migration")
        assert "stillgood db upgrade" in driver("check", place, check=False)
        assert "stillgood db upgrade" in driver("init", place, check=False)
        cursor.execute("INSERT INTO stillgood.migration (number, name, sha256) VALUES (1, 'x', 'y')")
        assert "is not the one" in driver("check", place, check=False)
    connection.close()


def test_a_login_without_a_role_is_told_what_to_grant(pg):
    pg.sql("CREATE ROLE nobody LOGIN")
    assert "GRANT stillgood_responder" in driver("check", conninfo(pg, "postgres", "nobody"),
                                                 check=False)
