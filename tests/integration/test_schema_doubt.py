"""What the responder relies on is taken away under it: triggers, the log, the heartbeat's row, rows, its
sight of rows (doc/faults.md row 40). `check` says so, the running instance says so within a minute, nothing is
good meanwhile, and when it is mended all is well again."""
import contextlib

import pytest

import harness
import service
from harness import wait_for
from service import Heart, Service

MINUTE = 60 + harness.DEADLINE  # and what a busy machine takes

# name: (statements, words that people look for, statements that mend it)
DOUBTS = {
    "a trigger off": ("ALTER TABLE stillgood.certificate DISABLE TRIGGER certificate_after_update",
                      ["trigger"],
                      "ALTER TABLE stillgood.certificate ENABLE TRIGGER certificate_after_update"),
    "all triggers off": ("ALTER TABLE stillgood.certificate DISABLE TRIGGER ALL", ["trigger"],
                         "ALTER TABLE stillgood.certificate ENABLE TRIGGER ALL"),
    "an issuer's trigger off": ("ALTER TABLE stillgood.issuer DISABLE TRIGGER issuer_after_change",
                                ["trigger"],
                                "ALTER TABLE stillgood.issuer ENABLE TRIGGER issuer_after_change"),
    "a trigger for replicas only": (
        "ALTER TABLE stillgood.certificate ENABLE REPLICA TRIGGER certificate_after_update",
        ["trigger"], "ALTER TABLE stillgood.certificate ENABLE TRIGGER certificate_after_update"),
    "row security on certificates": (
        "ALTER TABLE stillgood.certificate ENABLE ROW LEVEL SECURITY", ["row", "security"],
        "ALTER TABLE stillgood.certificate DISABLE ROW LEVEL SECURITY"),
    "row security on the log": (
        "ALTER TABLE stillgood.change_log ENABLE ROW LEVEL SECURITY", ["row", "security"],
        "ALTER TABLE stillgood.change_log DISABLE ROW LEVEL SECURITY"),
    "row security on issuers, with a policy": (
        "ALTER TABLE stillgood.issuer ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY a_few ON stillgood.issuer USING (id > 0)", ["row", "security"],
        "DROP POLICY a_few ON stillgood.issuer;"
        "ALTER TABLE stillgood.issuer DISABLE ROW LEVEL SECURITY"),
    "a rule on the log": (
        "CREATE RULE nothing AS ON INSERT TO stillgood.change_log DO INSTEAD NOTHING", ["rule"],
        "DROP RULE nothing ON stillgood.change_log"),
    "a constraint dropped": (
        "ALTER TABLE stillgood.certificate DROP CONSTRAINT certificate_state", ["constraint"],
        None),
    "a trigger's function replaced": (
        "CREATE OR REPLACE FUNCTION stillgood.certificate_after_update() RETURNS trigger"
        " LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$", ["certificate_after_update"], None),
    "what a CRL proves is settled by another function": (
        "CREATE OR REPLACE FUNCTION stillgood.settle_crl_window(of_issuer integer) RETURNS void"
        " LANGUAGE sql AS $$ UPDATE stillgood.issuer SET crl_until = 'infinity' $$", ["settle_crl_window"], None),
    "the trigger of CRLs off": ("ALTER TABLE stillgood.crl_scope DISABLE TRIGGER crl_scope_after_change",
                                ["trigger"],
                                "ALTER TABLE stillgood.crl_scope ENABLE TRIGGER crl_scope_after_change"),
    "the heartbeat's row gone": ("DELETE FROM stillgood.heartbeat", ["heartbeat"],
                                 "SELECT stillgood.heartbeat()"),
}


def place(name):
    return "".join(letter if letter.isalpha() else "_" for letter in name)


@pytest.fixture(scope="module")
def databases(postgres):
    """One for each doubt."""
    made = {name: service.database(postgres, place(name), "A") for name in DOUBTS}
    for database in made.values():
        database.issue(0x30, 0x31)
        database.revoke(0x31)
        database.sql("SELECT stillgood.heartbeat()")
    yield made
    for database in made.values():
        database.close()


def configuration(folder, database):
    return Service(folder, database.login, "A").responder.conf


@pytest.mark.parametrize("name", DOUBTS)
def test_check_says_so(databases, tmp_path, name):
    """doc/faults.md row 40."""
    database = databases[name]
    conf = configuration(tmp_path / "serve", database)
    before = harness.stillgood("check", "-c", conf, check=False)
    broken, words, mended = DOUBTS[name]
    assert before.returncode == 0, before.stdout + before.stderr
    database.sql(broken)
    try:
        result = harness.stillgood("check", "-c", conf, check=False)
        said = (result.stdout + result.stderr).lower()
        assert all(word in said for word in words), said
        assert result.returncode == 1 or "heartbeat" in name, said
    finally:
        if mended:
            database.sql(mended)
    if mended:
        result = harness.stillgood("check", "-c", conf, check=False)
        assert result.returncode == 0, result.stdout + result.stderr


RUNNING = ["a trigger off", "row security on certificates", "a rule on the log",
           "the heartbeat's row gone"]


def test_running_instances_notice_within_a_minute_and_are_whole_again_after_it(databases, tmp_path):
    """doc/faults.md row 40, while connected, each in a database and with a responder of its own. I-1."""
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(Service(tmp_path / str(number), databases[name].login, "A"))
                   for number, name in enumerate(RUNNING)}
        for one in running.values():
            one.becomes("good", 0x30)
        marks = {name: one.mark() for name, one in running.items()}
        for name in RUNNING:
            databases[name].sql(DOUBTS[name][0])
        for name, one in running.items():
            wait_for(f"{name}: the alarm", lambda n=name, o=one: any(
                all(word in line.lower() for word in DOUBTS[n][1])
                for line in o.log()[marks[n]:].splitlines()), seconds=MINUTE)
            if "heartbeat" not in name:
                # What is lost may be a revocation, so nothing is good, from no cache either.
                wait_for(f"{name}: no good", lambda o=one: not {"good", "unknown"} & {
                    o.ask(0x30), o.ask(0x30, nonce=True)})
            one.stays("revoked", 0x31, seconds_long=0)
        for name in RUNNING:
            databases[name].sql(DOUBTS[name][2])
        for name, one in running.items():
            wait_for(f"{name}: good again", lambda o=one: o.ask(0x30) == "good", seconds=MINUTE)
            one.whole().stays("revoked", 0x31, seconds_long=0)
            databases[name].revoke(0x30)
            one.becomes("revoked", 0x30, never=())


@pytest.fixture
def db(postgres):
    made = service.fresh_database(postgres, "A", "B")
    yield made
    made.close()


def test_a_revocation_whose_log_was_truncated_is_not_missed(db, tmp_path):
    """doc/faults.md row 40: nobody can have read it, and the cached good must end. I-1, I-2."""
    db.issue(0x30, 0x31)
    with Service(tmp_path, db.login, "AB") as running:
        running.becomes("good", 0x30, 0x31)
        connection = db.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT stillgood.revoke('A', %s::bytea)", (service.octets(0x30),))
            cursor.execute("TRUNCATE stillgood.change_log")
        connection.close()
        wait_for("the cached answer to change", lambda: running.ask(0x30) == "revoked")
        running.becomes("revoked", 0x30)
        running.whole().stays("good", 0x31)
        db.revoke(0x31)
        running.becomes("revoked", 0x31, never=())


def test_log_rows_that_were_deleted_unread_are_noticed(db, tmp_path):
    """doc/faults.md row 40: as TRUNCATE, by DELETE, triggers as they are. I-1, I-2."""
    db.issue(0x30)
    with Service(tmp_path, db.login, "AB") as running:
        running.becomes("good", 0x30)
        connection = db.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT stillgood.revoke('A', %s::bytea)", (service.octets(0x30),))
            cursor.execute("DELETE FROM stillgood.change_log")
        connection.close()
        wait_for("the cached answer to change", lambda: running.ask(0x30) == "revoked")


def test_a_revoked_row_that_is_deleted_stays_revoked_and_is_named(db, tmp_path):
    """doc/faults.md row 40: I-4; after the ledger began anew, and the whole service, too: I-10."""
    db.issue(0x30, 0x31)
    with Service(tmp_path, db.login, "AB") as running:
        db.revoke(0x31)
        running.becomes("revoked", 0x31, never=())
        db.delete(0x31)
        running.stays("revoked", 0x31)
        running.kill_room("ledger")
        running.becomes("revoked", 0x31, never=("good", "unknown"))
        running.logged("serial=31")
        running.restart()
        running.becomes("revoked", 0x31, never=("good", "unknown"))
        running.becomes("good", 0x30)


def test_a_login_that_passes_triggers_by_is_named(postgres, db, tmp_path):
    """doc/faults.md row 40: a role of the CA with session_replication_role = replica logs nothing."""
    db.issue(0x30)
    conf = configuration(tmp_path / "serve", db)
    postgres.sql("CREATE ROLE careless LOGIN IN ROLE stillgood_ca")
    postgres.sql("ALTER ROLE careless SET session_replication_role = replica")
    try:
        result = harness.stillgood("check", "-c", conf, check=False)
        said = result.stdout + result.stderr
        assert "session_replication_role" in said and "careless" in said, said
    finally:
        postgres.sql("DROP ROLE careless")


def test_a_standby_without_the_heartbeats_row_says_so_and_heals(tmp_path):
    """doc/faults.md rows 40 and 8: no evidence is no good; the next heartbeat brings the row back. I-3."""
    with harness.Postgres() as primary:
        db = service.database(primary, "pki", "A")
        db.issue(0x30)
        db.sql("SELECT stillgood.heartbeat()")
        with Heart(db), harness.Standby(primary) as standby, \
                Service(tmp_path, service.Database(standby, "pki").login, "A") as running:
            running.becomes("good", 0x30)
            # Beats go on, and fail.
            db.sql("ALTER TABLE stillgood.heartbeat ADD CONSTRAINT still CHECK (false) NOT VALID;"
                   "DELETE FROM stillgood.heartbeat")
            running.becomes("try_later", 0x30, never=("revoked", "unknown"))
            running.logged("heartbeat")
            wait_for("readiness to say so", lambda: not running.ready())
            assert running.log().count("lookups are not possible") <= 1, "said once"
            db.sql("ALTER TABLE stillgood.heartbeat DROP CONSTRAINT still")
            running.becomes("good", 0x30, never=("revoked", "unknown"))
            running.whole()
        db.close()
