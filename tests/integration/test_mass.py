"""`revoke --recorded` and what stands behind it: every recorded certificate of an issuer, each by itself (P-34)."""
import glob
import hashlib
import itertools
import json
import os
import subprocess
import threading

import pytest

import harness
from harness import stillgood
from service import Database
from test_cli_database import refused
from test_cli_revoke import on_a_terminal

PART = 10000  # of cli/revoke_recorded.c


@pytest.fixture(scope="module")
def pg(postgres):
    stillgood("db", "init", "--database", postgres.conninfo)
    for role in ("responder", "ca", "revocation", "desk", "admin"):
        postgres.sql(f"CREATE ROLE {role} LOGIN IN ROLE stillgood_{role}")
    return postgres


names = (f"Mass {number}" for number in itertools.count())


@pytest.fixture
def db(pg):
    """With an issuer of its own and a neighbour."""
    database = Database(pg, "postgres")
    database.issuer, database.other = next(names), next(names)
    database.register(database.issuer, database.other)
    yield database
    database.close()


def fill(db, count, name=None):
    """Serials of 8 octets that do not look like text, good."""
    db.sql("INSERT INTO stillgood.certificate (issuer, serial)"
           " SELECT i.id, decode('40' || lpad(to_hex(n), 14, '0'), 'hex')"
           " FROM stillgood.issuer i, generate_series(1, %s) n WHERE i.name = %s", (count, name or db.issuer))


def counts(db, name=None):
    """By status."""
    return dict(db.sql("SELECT c.status, count(*) FROM stillgood.certificate c JOIN stillgood.issuer i"
                       " ON i.id = c.issuer WHERE i.name = %s GROUP BY 1", (name or db.issuer,)))


def events(db):
    return db.sql("SELECT e.new_status, e.reason, e.requested_by, e.note, count(*)"
                  " FROM stillgood.revocation_event e JOIN stillgood.issuer i ON i.id = e.issuer"
                  " WHERE i.name = %s AND e.serial IS NOT NULL GROUP BY 1, 2, 3, 4", (db.issuer,))


def login(pg, role):
    return ["--database", pg.conninfo.replace("user=postgres", f"user={role}")]


def logged(db):
    return db.sql("SELECT count(*) FROM stillgood.change_log l JOIN stillgood.issuer i ON i.id = l.issuer"
                  " WHERE i.name = %s AND l.serial IS NOT NULL", (db.issuer,))[0][0]


def one_of_each(db):
    """Good, held, revoked with a reason of its own, withdrawn."""
    for serial in ("51", "52", "53", "54"):
        db.sql("SELECT stillgood.issue(%s, %s)", (db.issuer, serial))
    db.sql("SELECT stillgood.hold(%s, '52', held_at => '2026-01-02Z', invalidity_at => '2026-01-01Z')", (db.issuer,))
    db.sql("SELECT stillgood.revoke(%s, '53', 'superseded', revoked_at => '2026-01-03Z')", (db.issuer,))
    db.sql("SELECT stillgood.withdraw(%s, '54')", (db.issuer,))


ROWS = ("SELECT encode(c.serial, 'hex'), c.status, c.reason, c.revoked_at::date::text,"
        " c.invalidity_at::date::text FROM stillgood.certificate c JOIN stillgood.issuer i ON i.id = c.issuer"
        " WHERE i.name = %s ORDER BY 1")
WAYS = {
    "whole": "SELECT stillgood.revoke_recorded(%s, 'cessationOfOperation', revoked_at => '2026-02-01Z')",
    "part": "SELECT p.revoked FROM stillgood.revoke_recorded_part(%s, NULL, 100, 'cessationOfOperation',"
            " revoked_at => '2026-02-01Z') p",
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_good_or_held_is_revoked_and_the_rest_stays(db, way):
    """P-29, P-34. Another issuer's certificates are not its own."""
    one_of_each(db)
    db.sql("SELECT stillgood.issue(%s, '51')", (db.other,))
    assert db.sql(WAYS[way], (db.issuer,)) == [(2,)]
    assert db.sql(ROWS, (db.issuer,)) == [
        ("51", 1, 5, "2026-02-01", None), ("52", 1, 5, "2026-02-01", "2026-01-01"),
        ("53", 1, 4, "2026-01-03", None), ("54", 3, None, None, None)]
    assert counts(db, db.other) == {0: 1}
    assert db.sql(WAYS[way], (db.issuer,)) == [(0,)], "a second time there is nothing to do"
    assert db.sql("SELECT revoked_at FROM stillgood.issuer WHERE name = %s", (db.issuer,)) == [(None,)]


@pytest.mark.parametrize("way", ["SELECT stillgood.revoke_recorded(%s)",
                                 "SELECT stillgood.revoke_recorded_part(%s, NULL, 100)"])
def test_a_hold_keeps_its_date_and_loses_its_reason(db, way):
    one_of_each(db)
    db.sql(way, (db.issuer,))
    assert ("52", 1, None, "2026-01-02", "2026-01-01") in db.sql(ROWS, (db.issuer,))


def test_parts_follow_each_other_without_a_gap(db):
    """Each certificate once, whatever the sizes; the last part says that it was."""
    fill(db, 1000)
    after, taken, parts = None, 0, 0
    while True:
        (done, after), = db.sql("SELECT revoked, last FROM stillgood.revoke_recorded_part(%s, %s, 37)",
                                (db.issuer, after))
        taken, parts = taken + done, parts + 1
        assert done <= 37
        if after is None:
            break
    assert taken == 1000 and parts == 28 and counts(db) == {1: 1000}
    assert logged(db) == 1000, "and those who follow are told of each"


def test_nonsense_is_refused_and_changes_nothing(db):
    fill(db, 10)
    for call in ("SELECT stillgood.revoke_recorded_part(%s, NULL, 0)",
                 "SELECT stillgood.revoke_recorded_part(%s, NULL, NULL)",
                 "SELECT stillgood.revoke_recorded(%s, 'certificateHold')",
                 "SELECT stillgood.revoke_recorded(%s, 'boredom')",
                 "SELECT stillgood.revoke_recorded(%s, revoked_at => now() + interval '1 hour')",
                 "SELECT stillgood.revoke_recorded(%s, requested_by => 'me')"):
        with pytest.raises(Exception) as error:
            db.sql(call, (db.issuer,))
        assert error.value.pgcode == "22023", call
    assert counts(db) == {0: 10}


@pytest.mark.parametrize("role, may", [("revocation", True), ("admin", True), ("ca", False), ("desk", False),
                                       ("responder", False)])
def test_only_those_who_revoke_issuers_may(pg, db, role, may):
    connection = pg.connect(user=role)
    for call in ("revoke_recorded(%s)", "revoke_recorded_part(%s, NULL, 5)"):
        with connection, connection.cursor() as cursor:
            if may:
                cursor.execute(f"SELECT stillgood.{call}", (db.issuer,))
                continue
            with pytest.raises(Exception) as error:
                cursor.execute(f"SELECT stillgood.{call}", (db.issuer,))
            assert error.value.pgcode == "42501"
            connection.rollback()
    connection.close()


def test_a_database_of_the_version_before_has_them_after_its_upgrade(pg):
    """What is recorded stays as it is, and can be revoked so."""
    pg.sql("CREATE DATABASE before")
    database = Database(pg, "before")
    connection = database.connect()
    with connection, connection.cursor() as cursor:
        for path in sorted(glob.glob(os.path.join(harness.ROOT, "db", "migrations", "000[1-6]_*.sql"))):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            cursor.execute(text)
            cursor.execute("INSERT INTO stillgood.migration (number, name, sha256) VALUES (%s, %s, %s)",
                           (int(os.path.basename(path)[:4]), os.path.basename(path)[5:-4],
                            hashlib.sha256(text.encode()).hexdigest()))
    connection.close()
    database.issuer = "Of before"
    database.register(database.issuer)
    one_of_each(database)
    before = database.sql(ROWS, (database.issuer,))
    stillgood("db", "upgrade", "--database", database.conninfo)
    assert database.sql(ROWS, (database.issuer,)) == before
    stillgood("revoke", "--recorded", "--yes", "--issuer", database.issuer, "--database", database.conninfo)
    assert counts(database) == {1: 3, 3: 1}
    database.close()


# ---- the command --------------------------------------------------------------------------------

def test_the_command_revokes_part_by_part(pg, db):
    """More than one part; reason, note and who asked are with every event."""
    fill(db, 2 * PART + 7)
    fill(db, 3, db.other)
    result = stillgood("revoke", "--recorded", "--yes", "--issuer", db.issuer, "--reason", "Superseded",
                       "--requested-by", "ca", "--note", "weak keys", *login(pg, "revocation"))
    assert result.stdout == f'issuer "{db.issuer}": {2 * PART + 7} of its certificates revoked\n'
    assert counts(db) == {1: 2 * PART + 7} and counts(db, db.other) == {0: 3}
    assert events(db) == [(1, 4, "ca", "weak keys", 2 * PART + 7)]
    transactions = db.sql("SELECT count(DISTINCT l.xid) FROM stillgood.change_log l JOIN stillgood.issuer i"
                          " ON i.id = l.issuer WHERE i.name = %s AND l.serial IS NOT NULL", (db.issuer,))
    assert transactions == [(3,)]
    again = stillgood("revoke", "--recorded", "--yes", "--issuer", db.issuer, *login(pg, "revocation"))
    assert "no certificate is recorded that was not revoked already" in again.stdout


def test_what_it_says_in_json(pg, db):
    fill(db, 5)
    words = ["revoke", "--recorded", "--yes", "--json", "--issuer", db.issuer, *login(pg, "revocation")]
    assert json.loads(stillgood(*words).stdout) == {"issuer": db.issuer, "certificates_revoked": 5}
    document = json.loads(stillgood(*words, "--all", "--reason", "cACompromise").stdout)
    assert document["status"] == "revoked" and document["reason"] == "cACompromise"
    assert document["certificates_revoked"] == 0 and document["changed"]


def test_with_all_the_issuer_is_revoked_first(pg, db):
    """From then on nothing of it is good, however long the others take: their rows are locked here."""
    fill(db, 5)
    holder = db.pg.connect()
    with holder.cursor() as cursor:
        cursor.execute("SELECT 1 FROM stillgood.certificate c JOIN stillgood.issuer i ON i.id = c.issuer"
                       " WHERE i.name = %s FOR UPDATE OF c", (db.issuer,))
    words = ["revoke", "--all", "--recorded", "--yes", "--issuer", db.issuer, *login(pg, "revocation")]
    with subprocess.Popen([harness.STILLGOOD, *words], stdout=subprocess.PIPE, text=True) as process:
        harness.wait_for("the issuer to be revoked", lambda: db.sql("SELECT revoked_at IS NOT NULL FROM stillgood.issuer WHERE name = %s",
                                        (db.issuer,)) == [(True,)])
        assert counts(db) == {0: 5} and process.poll() is None
        holder.rollback()
        out = process.communicate(timeout=harness.DEADLINE)[0]
    holder.close()
    assert process.returncode == 0 and "5 of its certificates revoked" in out
    assert counts(db) == {1: 5}


def test_interrupted_it_goes_on_where_it_was(pg, db):
    """What was committed stays; the same call does the rest, each certificate once."""
    fill(db, 3 * PART)
    holder = db.pg.connect()
    with holder.cursor() as cursor:  # the second part waits for its last certificate
        # Its serial first: FOR UPDATE would lock what OFFSET passes over, too.
        serial, = db.sql("SELECT c.serial FROM stillgood.certificate c JOIN stillgood.issuer i ON i.id = c.issuer"
                         " WHERE i.name = %s ORDER BY c.serial OFFSET %s LIMIT 1", (db.issuer, 2 * PART - 1))[0]
        cursor.execute("SELECT 1 FROM stillgood.certificate WHERE serial = %s FOR UPDATE", (serial,))
    words = ["revoke", "--recorded", "--yes", "--issuer", db.issuer, *login(pg, "revocation")]
    with subprocess.Popen([harness.STILLGOOD, *words], stdout=subprocess.PIPE) as process:
        try:
            harness.wait_for("the first part", lambda: counts(db).get(1) == PART)
        finally:
            process.terminate()  # what was started in the background ignores SIGINT
        process.communicate(timeout=harness.DEADLINE)
    assert process.returncode != 0
    assert counts(db) == {1: PART, 0: 2 * PART}
    holder.rollback()  # the server may yet end the part that it had begun
    holder.close()
    assert "of its certificates revoked" in stillgood(*words).stdout
    assert counts(db) == {1: 3 * PART} and logged(db) == 3 * PART


def test_a_fault_in_the_middle_says_what_was_done(pg, db):
    fill(db, 2 * PART)
    db.sql("CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
           " IF NEW.serial = '\\x4000000000004e20' THEN RAISE 'no luck'; END IF; RETURN NEW; END $$")
    db.sql("CREATE TRIGGER luck BEFORE UPDATE ON stillgood.certificate FOR EACH ROW EXECUTE FUNCTION"
           " public.refuse()")
    try:
        result = stillgood("revoke", "--recorded", "--yes", "--issuer", db.issuer, *login(pg, "revocation"),
                           check=False)
    finally:
        db.sql("DROP FUNCTION public.refuse CASCADE")
    assert result.returncode == 1 and result.stdout == ""
    assert f"{PART} certificates were revoked and stay so" in result.stderr and "no luck" in result.stderr
    assert counts(db) == {1: PART, 0: PART}


def test_a_deadlock_costs_a_part_not_the_rest(pg, db):
    """Another session holds a late row and wants an early one: one of the two gives way, and it is tried again."""
    fill(db, 20)
    db.sql("ALTER DATABASE postgres SET deadlock_timeout = '100ms'")
    other = db.pg.connect()
    cursor = other.cursor()
    revoke = "SELECT stillgood.revoke(%s, %s)"
    cursor.execute("SET deadlock_timeout = '1h'")  # the command's session finds it, and is the one that ends
    cursor.execute(revoke, (db.issuer, "4000000000000014"))
    outcome = []

    def call():
        outcome.append(stillgood("revoke", "--recorded", "--yes", "--issuer", db.issuer, *login(pg, "admin")))
    thread = threading.Thread(target=call)
    thread.start()
    harness.wait_for("one to wait", lambda: db.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(1,)])
    cursor.execute(revoke, (db.issuer, "4000000000000001"))
    other.commit()
    thread.join()
    other.close()
    db.sql("ALTER DATABASE postgres RESET deadlock_timeout")
    assert "18 of its certificates revoked" in outcome[0].stdout
    assert counts(db) == {1: 20}


def test_it_asks_back(pg, db):
    """P-34: there is no way back; and what it does not do is said."""
    fill(db, 3)
    words = ["revoke", "--recorded", "--issuer", db.issuer]
    assert "--yes" in refused(*words, *login(pg, "revocation"), status=2, stdin=subprocess.DEVNULL)
    result = on_a_terminal(b"no\n", *words, *login(pg, "revocation"))
    assert result.returncode == 1 and "nothing was changed" in result.stderr
    assert f'Issuer "{db.issuer}": 3 certificates are recorded, 3 of them good.' in result.stderr
    assert "What is yet to be recorded will be good." in result.stderr
    assert counts(db) == {0: 3}
    assert on_a_terminal(b"yes\n", *words, *login(pg, "revocation")).returncode == 0
    assert counts(db) == {1: 3}


@pytest.mark.parametrize("words", [
    ["--recorded"], ["--recorded", "--issuer", "X", "--serial", "1"], ["--recorded", "cert.pem"],
    ["--recorded", "--issuer", "X", "--yes", "--reason", "certificateHold"],
    ["--all", "--issuer", "X", "--yes", "--invalidity", "2026-01-01"],
])
def test_what_contradicts_itself_is_a_usage_error(words):
    refused("revoke", *words, status=2)


def test_what_cannot_be_is_said_in_its_words(pg, db):
    assert "no issuer" in refused("revoke", "--issuer", "Nobody", "--recorded", "--yes", *login(pg, "admin"))
    fill(db, 2)
    line = refused("revoke", "--issuer", db.issuer, "--recorded", "--yes", "--at", "2999-01-01", *login(pg, "admin"))
    assert "future" in line and counts(db) == {0: 2}
    line = refused("revoke", "--issuer", db.issuer, "--recorded", "--yes", *login(pg, "desk"))
    assert "stillgood_revocation" in line
