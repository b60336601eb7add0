"""One transaction of very many rows, and very many small ones (doc/faults.md row 14): questions go on while they are
read, what is good stays proven, and memory stays in proportion. STILLGOOD_ROWS and STILLGOOD_SMALL: how many of each; a
million takes minutes."""
import os
import time

import pytest

import service
from harness import wait_for
from service import Service, Watch

ROWS = int(os.environ.get("STILLGOOD_ROWS", "300000"))
SMALL = int(os.environ.get("STILLGOOD_SMALL", "5000"))
FIRST = 0x100000


@pytest.fixture(scope="module")
def db(postgres):
    made = service.database(postgres, "big", "A", "B")
    made.issue(0x30, 0x31, 0x32)
    made.sql("INSERT INTO stillgood.certificate (issuer, serial)"
             " SELECT 1, decode(lpad(to_hex(%s + n), 6, '0'), 'hex') FROM generate_series(0, %s - 1) n",
             (FIRST, ROWS))
    yield made
    made.close()


def test_questions_go_on_while_a_poll_brings_very_many_rows(db, tmp_path):
    """I-1, I-3, I-4, I-9."""
    with Service(tmp_path, db.login, "AB", database={"freshness": "1m"}) as running:
        running.becomes("good", 0x30, 0x31, FIRST, FIRST + ROWS - 1)
        ages = []
        with Watch(running, [("A", 0x30), ("A", FIRST), ("A", FIRST + ROWS - 1)]) as watch:
            db.sql("UPDATE stillgood.certificate SET status = 1, revoked_at = now()"
                   " WHERE octet_length(serial) = 3")
            committed = time.time()
            began = time.monotonic()
            while running.ledger()["revoked"] < ROWS:
                ages.append(running.ledger()["evidence_age_ms"])
                assert time.monotonic() < began + 300
            took = time.monotonic() - began
            running.becomes("revoked", FIRST, FIRST + ROWS // 2, FIRST + ROWS - 1, never=())
            running.becomes("good", 0x30, 0x31, never=("revoked",))
        print(f"{ROWS} rows in {took:.1f} s, evidence at most {max(ages, default=0)} ms old")
        for serial in (FIRST, FIRST + ROWS - 1):
            for answer in watch.said(serial):
                assert answer.status != "good" or answer.this_update <= committed
        # I-9, I-3: nothing else in the database changed, and its proof went on.
        assert {answer.status for answer in watch.said(0x30)} == {"good"}, max(ages, default=0)
        assert running.ledger()["loads"] == 1
        longest = max(answer.received - answer.sent for answer in watch.said(0x30))
        later = sum(answer.status == "try_later" for answer in watch.said(0x30))
        print(f"longest answer {longest:.3f} s, answers tryLater meanwhile: {later}")
        db.revoke(0x31)
        wait_for("what comes after it", lambda: running.ask(0x31) == "revoked")


def test_very_many_small_transactions_are_seen_as_they_come(db, tmp_path):
    """I-1, I-3, I-4, I-9: each a commit of its own, as fast as they come. The evidence goes on meanwhile."""
    first = FIRST + ROWS
    db.sql("INSERT INTO stillgood.certificate (issuer, serial) SELECT 2, decode(lpad(to_hex(%s + n), 6, '0'), 'hex')"
           " FROM generate_series(0, %s - 1) n", (first, SMALL))
    db.sql("CREATE PROCEDURE public.one_by_one(first integer, count integer) LANGUAGE plpgsql AS $$ BEGIN"
           " FOR n IN 0 .. count - 1 LOOP"
           " PERFORM stillgood.revoke('B', decode(lpad(to_hex(first + n), 6, '0'), 'hex')); COMMIT;"
           " END LOOP; END $$")
    with Service(tmp_path, db.login, "AB", database={"freshness": "1m"}) as running:
        running.becomes("good", 0x30)
        before = running.ledger()
        with Watch(running, [("A", 0x30), ("B", first), ("B", first + SMALL - 1)]) as watch:
            db.sql("CALL public.one_by_one(%s, %s)", (first, SMALL))
            committed = time.time()
            wait_for("all of them", lambda: running.ledger()["revoked"] >= before["revoked"] + SMALL)
            for serial in (first, first + SMALL - 1):
                wait_for("its answer", lambda serial=serial: running.ask(serial, "B") == "revoked")
        assert {answer.status for answer in watch.said(0x30)} == {"good"}
        for answer in watch.said(first + SMALL - 1):
            assert answer.status != "good" or answer.this_update <= committed
        after = running.ledger()
        assert after["loads"] == before["loads"] and after["polls"] > before["polls"]
