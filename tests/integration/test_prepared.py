"""A prepared transaction that nobody ends, and much that commits above it (doc/faults.md row 39): work and
memory stay bounded, nothing is skipped or late, and the alarm names it."""
import os
import time

import pytest

import harness
import service
from harness import wait_for
from service import Service, Watch

SMALL = 20000
LARGE = 200000
FIRST = 0x100000


@pytest.fixture(scope="module")
def pg():
    with harness.Postgres(settings={"max_prepared_transactions": "4"}) as made:
        yield made


@pytest.fixture
def db(pg):
    made = service.fresh_database(pg, "A", "B")
    made.issue(0x30, 0x31, 0x32)
    yield made
    for gid, in pg.sql("SELECT gid FROM pg_prepared_xacts WHERE database = %s", (made.name,)):
        made.sql(f"ROLLBACK PREPARED '{gid}'")
    made.close()


def issue_many(db, count):
    """Serials from FIRST on, three octets each."""
    db.sql("INSERT INTO stillgood.certificate (issuer, serial)"
           " SELECT 1, decode(lpad(to_hex(%s + n), 6, '0'), 'hex') FROM generate_series(0, %s - 1) n",
           (FIRST, count))


def prepare(db, gid, serial):
    """A revocation that is neither committed nor rolled back."""
    db.sql("BEGIN")
    db.revoke(serial)
    db.sql(f"PREPARE TRANSACTION '{gid}'")


def processor_time(pid):
    """Seconds, of one process."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def work_of_polls(running, db, polls=150):
    """Processor time of the ledger and of its connections' backends while nothing happens."""
    pids = [running.responder.children()["ledger"]]
    pids += [pid for pid, in db.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'responder'"
                                    " AND datname = current_database()")]
    before = sum(map(processor_time, pids))
    running.polled(polls)
    return sum(map(processor_time, pids)) - before


def test_much_above_an_orphaned_transaction_costs_no_poll_more(db, tmp_path):
    """doc/faults.md row 39: I-1, I-2, I-8, I-9."""
    issue_many(db, SMALL)
    with Service(tmp_path, db.login, "AB", database={"poll_interval": "20ms"}) as running:
        running.becomes("good", 0x30, 0x31, 0x32)
        idle = work_of_polls(running, db)
        prepare(db, "orphan of a broker", 0x31)
        probes = []
        with Watch(running, [("A", 0x30), ("A", 0x32)]) as watch:
            db.sql("""DO $$ BEGIN FOR i IN 0..%s LOOP
                          PERFORM stillgood.revoke('A', decode(lpad(to_hex(%s + i), 6, '0'), 'hex'));
                          COMMIT;
                      END LOOP; END $$""", (SMALL - 1, FIRST))
            wait_for("the last of them", lambda: running.ask(FIRST + SMALL - 1) == "revoked")
            for serial in (0x40, 0x41, 0x42, 0x43):
                db.issue(serial)
                assert running.ask(serial) == "good"
                db.revoke(serial)
                done = time.monotonic()
                wait_for("a revocation above it", lambda s=serial: running.ask(s) == "revoked")
                probes.append(time.monotonic() - done)
            above = work_of_polls(running, db)
        print(f"idle {idle:.2f} s, above the orphan {above:.2f} s, late {max(probes):.3f} s")
        assert above < 4 * idle + 0.2, (idle, above)
        assert {answer.status for answer in watch.said(0x30)} == {"good"}
        # What it revokes is not lost for having waited.
        assert running.ask(0x31, nonce=True) == "good"
        db.sql("COMMIT PREPARED 'orphan of a broker'")
        wait_for("the cached answer to change", lambda: running.ask(0x31) == "revoked")
        running.becomes("revoked", 0x31, FIRST, FIRST + SMALL // 2)
        assert running.ledger()["loads"] == 1, "all of it came by polls"


def test_a_large_transaction_above_an_orphaned_one(db, tmp_path):
    """doc/faults.md row 39: 200,000 rows are read once."""
    issue_many(db, LARGE)
    with Service(tmp_path, db.login, "AB", database={"poll_interval": "20ms"}) as running:
        running.becomes("good", 0x30, 0x31)
        idle = work_of_polls(running, db)
        prepare(db, "orphan", 0x31)
        db.sql("UPDATE stillgood.certificate SET status = 1, revoked_at = now()"
               " WHERE octet_length(serial) = 3")
        running.becomes("revoked", FIRST, FIRST + LARGE - 1, never=())
        wait_for("all of them", lambda: running.ledger()["revoked"] == LARGE)
        above = work_of_polls(running, db)
        assert above < 4 * idle + 0.2, (idle, above)
        db.sql("COMMIT PREPARED 'orphan'")
        wait_for("the cached answer to change", lambda: running.ask(0x31) == "revoked")
