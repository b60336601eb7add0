"""While one transaction of very many rows is read, for longer than freshness, each answer is proven by its own lookup
(doc/faults.md row 14). STILLGOOD_ROWS: how many rows."""
import contextlib
import json
import os
import time

import pytest

import service
from harness import stillgood, wait_for
from service import Service, Watch
from slow_way import SlowWay

ROWS = int(os.environ.get("STILLGOOD_ROWS", "300000"))
FIRST = 0x100000
LAST = FIRST + ROWS - 1
FRESHNESS = 10
# The rows take minutes to come, so that it ends when the test has seen what it wants.
RATE = 64 * 1024


@pytest.fixture(scope="module")
def db(postgres):
    made = service.database(postgres, "by_lookup", "A", "B")
    made.issue(0x30, 0x31)
    made.issue(0x30, ca="B")
    made.sql("INSERT INTO stillgood.certificate (issuer, serial)"
             " SELECT 1, decode(lpad(to_hex(%s + n), 6, '0'), 'hex') FROM generate_series(0, %s - 1) n",
             (FIRST, ROWS))
    yield made
    made.close()


def is_proven(answer):
    """I-3, whatever the machine was busy with: when it left its evidence was within the bound."""
    return answer.this_update >= int(answer.sent - FRESHNESS)


def goes_on_by_lookups(running):
    told = running.ledger()
    return told["reading"] > 0 and told["evidence_age_ms"] > FRESHNESS * 1000


def said_since(watch, since, serial, ca="A", until=float("inf")):
    return [answer for answer in watch.said(serial, ca) if answer.sent >= since and answer.received <= until]


def test_live_answers_go_on_while_a_poll_takes_longer_than_freshness(db, tmp_path):
    """I-1, I-2, I-3, I-4, I-9, doc/faults.md row 14."""
    with SlowWay(db.pg, RATE) as way, \
         Service(tmp_path, way.through(db.login), "AB", database={"freshness": f"{FRESHNESS}s"}) as running:
        running.becomes("good", 0x30, 0x31, LAST)
        running.becomes("good", 0x30, ca="B")
        loads = running.ledger()["loads"]
        way.slow()
        with Watch(running, [("A", 0x30), ("B", 0x30), ("A", LAST)]) as watch:
            db.sql("UPDATE stillgood.certificate SET status = 1, revoked_at = now()"
                   " WHERE octet_length(serial) = 3")
            committed = time.time()
            wait_for("the feed's evidence to be too old", lambda: goes_on_by_lookups(running))
            stale = time.time()
            assert running.ready()
            wait_for("a lookup to see it", lambda: running.ask(LAST) == "revoked")
            assert running.ledger()["revoked"] < ROWS  # nobody else has told it
            wait_for("answers, stored and not", lambda: len(said_since(watch, stale, 0x30)) > 50)
            told = running.ledger()
            assert told["lookup_evidence_age_ms"] < FRESHNESS * 1000
            assert told["proven_by_lookup"] >= 50 and told["ready"]
            assert "proven by a lookup of its own" in told["degraded"]
            explained = json.loads(stillgood("explain", "--socket", running.responder.control_socket, "--issuer", "A",
                                             "--serial", "30", "--json").stdout)
            assert explained["answer"] == "good" and explained["evidence"]["proven_by_lookup"]
            # The issuer's row comes with no certificate's: it must be seen all the same.
            db.sql("SELECT stillgood.revoke_issuer('B', 'cACompromise')")
            revoked = time.time()
            wait_for("more of them", lambda: len(said_since(watch, revoked, 0x30)) > 20)
            read_on = running.ledger()["revoked"] < ROWS
            ended = time.time()
            way.fast()
            wait_for("all of them", lambda: running.ledger()["revoked"] >= ROWS)
            wait_for("its issuer", lambda: running.ask(0x30, "B") == "revoked")
        assert read_on and running.ledger()["loads"] == loads
        later = [answer for answer in watch.said(0x30) if answer.status == "try_later"]
        print(f"{ROWS} rows in {time.time() - committed:.1f} s, freshness {FRESHNESS} s, "
              f"answers tryLater meanwhile: {len(later)}")
        assert {answer.status for answer in watch.said(0x30)} == {"good"}
        assert all(is_proven(answer) for answer in said_since(watch, stale, 0x30, until=ended))
        for answer in watch.said(LAST):
            assert answer.status != "good" or answer.this_update <= committed
        for answer in watch.said(0x30, "B"):
            assert answer.status != "good" or answer.this_update <= revoked
        after = running.ledger()
        running.stays("good", 0x30, seconds_long=0.2)
        assert running.ledger()["proven_by_lookup"] == after["proven_by_lookup"]


def test_a_lock_on_the_issuers_keeps_nobody_waiting_before(db, tmp_path):
    """doc/faults.md row 16: lookups read the issuers only while they prove."""
    with Service(tmp_path, db.login, "AB", database={"freshness": "1m"}) as running, \
         contextlib.closing(db.connect()) as other, other.cursor() as cursor:
        running.becomes("good", 0x31)
        cursor.execute("LOCK TABLE stillgood.issuer IN ACCESS EXCLUSIVE MODE")
        assert running.ask(0x30, nonce=True) == "good"
        other.rollback()
