"""Log rows and marks that this cluster cannot have written (doc/faults.md row 38): their transaction numbers
would be taken for those that real transactions get later. Looked for in every poll; trimming removes
nothing that a responder has not read."""
import os

import pytest

import harness
import service
from harness import wait_for
from service import Service

AHEAD = "(pg_snapshot_xmax(pg_current_snapshot())::text::bigint + {})::text::xid8"


@pytest.fixture
def db(postgres):
    made = service.fresh_database(postgres, "A", "B")
    yield made
    made.close()


def foreign_row(db, distance):
    db.sql("INSERT INTO stillgood.change_log (xid, issuer, version, status)"
           f" VALUES ({AHEAD.format(distance)}, 1, 1, 0)")


def test_rows_that_arrive_while_connected_hide_no_revocation(db, tmp_path):
    """doc/faults.md row 38: I-1, I-2. Twenty revocations whose numbers were foretold by foreign rows."""
    serials = range(0x30, 0x44)
    db.issue(0x60, *serials)
    with Service(tmp_path, db.login, "AB") as running:
        running.becomes("good", 0x60, *serials)
        before = running.mark()
        # One transaction, so that the next numbers are known: those of the revocations.
        db.sql("INSERT INTO stillgood.change_log (xid, issuer, version, status)"
               f" SELECT (x.at + n)::text::xid8, 1, 1, 0 FROM generate_series(1, 60) n, LATERAL"
               " (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS at) x")
        for serial in serials:
            db.revoke(serial)
        # What is cached is what would stay good: nobody looks it up.
        wait_for("no cached good", lambda: "good" not in {running.ask(s) for s in serials})
        running.logged("log", since=before)
        harness.stillgood("db", "upgrade", "--database", db.conninfo)
        running.becomes("revoked", *serials)
        running.becomes("good", 0x60)
        running.whole()


def test_a_row_of_the_distant_future_stops_the_proof_until_it_is_cleared(db, tmp_path):
    """doc/faults.md row 38: seen in every poll, told with what to do, and over when it is done. I-3."""
    db.issue(0x30, 0x31)
    db.revoke(0x31)
    with Service(tmp_path, db.login, "AB") as running:
        running.becomes("good", 0x30)
        before = running.mark()
        foreign_row(db, 1000000)
        running.becomes("try_later", 0x30, never=("revoked",))
        running.stays("revoked", 0x31)
        wait_for("readiness to say so", lambda: not running.ready())
        running.logged("another server", "stillgood db upgrade", since=before)
        result = harness.stillgood("check", "-c", running.responder.conf, check=False)
        assert result.returncode == 1 and "db upgrade" in result.stdout + result.stderr
        harness.stillgood("db", "upgrade", "--database", db.conninfo)
        running.becomes("good", 0x30, never=("revoked",))
        running.whole()


def test_a_log_that_is_restored_as_data_is_refused(postgres, db, tmp_path):
    """doc/faults.md row 38: pg_restore --data-only of the log of a cluster that is further on."""
    db.issue(0x30)
    with harness.Postgres() as elsewhere:
        elsewhere.stop()
        harness.run(*elsewhere._command("pg_resetwal", "-x", "900000", elsewhere.data),
                    cwd=elsewhere.folder)
        # Pages of the commit log that the leap skipped.
        path = os.path.join(elsewhere.data, "pg_xact", "0000")
        harness.run(*harness.as_postgres("truncate", "-s", "262144", path))
        elsewhere.start()
        other = service.database(elsewhere, "other", "A")
        other.issue(0x30)
        other.revoke(0x30)
        other.close()
        path = os.path.join(postgres.folder, "log.dump")
        harness.run(*elsewhere._command("pg_dump", "-Fc", "-h", elsewhere.folder, "-U", "postgres",
                                        "-d", "other", "--data-only", "-t", "stillgood.change_log",
                                        "-f", os.path.join(elsewhere.folder, "log.dump")),
                    cwd=elsewhere.folder)
        harness.run("cp", os.path.join(elsewhere.folder, "log.dump"), path)
    os.chmod(path, 0o644)
    with Service(tmp_path, db.login, "AB") as running:
        running.becomes("good", 0x30)
        harness.run(*postgres._command("pg_restore", "--data-only", "-h", postgres.folder, "-U",
                                       "postgres", "-d", db.name, path), cwd=postgres.folder)
        running.becomes("try_later", 0x30, never=("revoked",))
        running.logged("another server")


def test_trimming_goes_by_no_mark_of_another_cluster(db):
    """doc/faults.md row 38: what nobody has read yet is not removed, whatever number a restored mark has."""
    serials = range(0x30, 0x50)
    db.issue(*serials)
    # The last is of this cluster, of a future that it lost.
    for system in ("1", "c.system_identifier + 1", "c.system_identifier"):
        db.sql("INSERT INTO stillgood.change_log_mark (taken_at, horizon, system)"
               f" SELECT now() - interval '2 days', {AHEAD.format(1000000)}, {system}"
               " FROM pg_control_system() c")
    db.revoke(*serials)
    rows = db.sql("SELECT count(*) FROM stillgood.change_log WHERE serial IS NOT NULL")
    assert rows == [(len(serials),)]
    db.sql("SELECT stillgood.trim_change_log()")
    db.sql("SELECT stillgood.trim_change_log()")
    assert db.sql("SELECT count(*) FROM stillgood.change_log WHERE serial IS NOT NULL") == rows


def test_trimming_still_removes_what_its_own_marks_allow(db):
    db.issue(0x30)
    db.revoke(0x30)
    db.sql("SELECT stillgood.trim_change_log()")
    db.sql("UPDATE stillgood.change_log_mark SET taken_at = now() - interval '2 days'")
    db.issue(0x31)
    db.revoke(0x31)
    db.sql("SELECT stillgood.trim_change_log()")
    left = db.sql("SELECT serial FROM stillgood.change_log WHERE serial IS NOT NULL")
    assert [bytes(serial) for serial, in left] == [b"\x31"]
