"""Migration 4 on a database that migrations 1 to 3 filled: rows stay as they are, marks and heartbeats of
before are not believed, and a responder of this release goes on from there (doc/faults.md rows 38, 40)."""
import glob
import hashlib
import os

import pytest

import harness
import service
from service import Service

MIGRATIONS = os.path.join(harness.ROOT, "db", "migrations")
TABLES = ["issuer", "certificate", "revocation_event", "crl", "certificate_sct", "issuer_name"]


def at_migration_3(database):
    """As the release before left it, with something in every table."""
    connection = database.connect()
    with connection, connection.cursor() as cursor:
        for path in sorted(glob.glob(os.path.join(MIGRATIONS, "000[123]_*.sql"))):
            name = os.path.basename(path)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            cursor.execute(text)
            cursor.execute("INSERT INTO stillgood.migration (number, name, sha256) VALUES (%s, %s, %s)",
                           (int(name[:4]), name[5:-4], hashlib.sha256(text.encode()).hexdigest()))
    connection.close()
    database.register("A", "B")
    database.issue(0x30, 0x31, 0x32, 0x33, 0x34)
    database.issue(0x30, ca="B")
    database.revoke(0x31, reason="keyCompromise")
    database.hold(0x32, 0x33)
    database.release(0x33)
    database.sql("SELECT stillgood.store_scts('A', '30', '\\x0003000109')")
    database.sql("SELECT stillgood.set_crl('A', '31', stillgood.record_crl('A', number => '01'))")
    database.sql("SELECT stillgood.heartbeat()")
    database.sql("SELECT stillgood.trim_change_log()")
    database.sql("UPDATE stillgood.change_log_mark SET taken_at = taken_at - interval '2 days'")
    return database


def contents(database):
    return {table: [row for row, in database.sql(f"SELECT to_jsonb(t) FROM stillgood.{table} t ORDER BY t")]
            for table in TABLES + ["change_log"]}


def without_new_columns(after, before):
    """An upgrade may add columns, which say nothing of the rows that were there."""
    return {table: [{name: row[name] for name in known} for row, known in zip(after[table], rows, strict=True)]
            for table, rows in before.items()}


@pytest.fixture(scope="module")
def db(postgres):
    postgres.sql("CREATE DATABASE filled")
    made = at_migration_3(service.Database(postgres, "filled"))
    postgres.sql("CREATE ROLE responder LOGIN IN ROLE stillgood_responder")
    yield made
    made.close()


def test_a_filled_database_is_upgraded_and_served(db, tmp_path):
    """The responder refuses it until it is upgraded, and says how."""
    before = contents(db)
    running = Service(tmp_path, db.login, "AB")
    result = harness.stillgood("check", "-c", running.responder.conf, check=False)
    assert result.returncode == 1 and "stillgood db upgrade" in result.stdout + result.stderr
    harness.stillgood("db", "upgrade", "--database", db.conninfo)
    assert without_new_columns(contents(db), before) == before, "an upgrade changes no row"
    with running:
        running.becomes("good", 0x30, 0x33, 0x34, never=("revoked",))
        running.becomes("revoked", 0x31, 0x32, never=())
        assert running.reply(0x31).reason == "keyCompromise"
        db.revoke(0x34)
        running.becomes("revoked", 0x34, never=())
        harness.stillgood("db", "upgrade", "--database", db.conninfo)  # once more: nothing to do
        running.becomes("good", 0x33, never=())
        running.whole()
        result = harness.stillgood("check", "-c", running.responder.conf, check=False)
        assert "trigger" not in result.stdout + result.stderr, result.stdout + result.stderr


def test_marks_of_before_remove_nothing(db):
    """doc/faults.md row 38: nobody knows which cluster they are of."""
    harness.stillgood("db", "upgrade", "--database", db.conninfo)
    rows = db.sql("SELECT count(*) FROM stillgood.change_log")
    db.sql("SELECT stillgood.trim_change_log()")
    assert db.sql("SELECT count(*) FROM stillgood.change_log") == rows


def test_the_heartbeat_goes_on_from_the_row_of_before(db):
    harness.stillgood("db", "upgrade", "--database", db.conninfo)
    first = db.sql("SELECT stillgood.heartbeat()")
    assert db.sql("SELECT stillgood.heartbeat()") > first
    assert db.sql("SELECT count(*) FROM stillgood.heartbeat") == [(1,)]


def test_a_dump_of_an_upgraded_database_is_restored_and_served(postgres, db, tmp_path):
    """The way of every backup: pg_dump, a new database, `db upgrade`."""
    harness.stillgood("db", "upgrade", "--database", db.conninfo)
    path = os.path.join(postgres.folder, "filled.dump")
    harness.run(*postgres._command("pg_dump", "-Fc", "-h", postgres.folder, "-U", "postgres", "-d",
                                   "filled", "-f", path), cwd=postgres.folder)
    with harness.Postgres() as other:
        other.sql("CREATE DATABASE restored")
        for role in ("responder", "ca", "revocation", "desk", "heartbeat", "admin"):
            other.sql(f"CREATE ROLE stillgood_{role}")
        other.sql("CREATE ROLE responder LOGIN IN ROLE stillgood_responder")
        harness.run(*postgres._command("pg_restore", "-h", other.folder, "-U", "postgres", "-d",
                                       "restored", "--single-transaction", path), cwd=postgres.folder)
        restored = service.Database(other, "restored")
        harness.stillgood("db", "upgrade", "--database", restored.conninfo)
        with Service(tmp_path, restored.login, "AB") as running:
            running.becomes("good", 0x30, 0x33)
            running.becomes("revoked", 0x31, 0x32, never=())
            restored.revoke(0x33)
            running.becomes("revoked", 0x33, never=())
        restored.close()
