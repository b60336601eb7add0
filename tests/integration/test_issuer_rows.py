"""An issuer's row that cannot be understood, that is renamed, or that becomes another CA's (doc/faults.md
row 41): that issuer gets tryLater and an alarm, nothing crashes, and others are answered."""
import contextlib
import os
import signal
import threading

import pytest

import harness
import service
from harness import wait_for
from service import Service


@pytest.fixture
def db(postgres):
    made = service.fresh_database(postgres, "A", "B")
    made.issue(0x30, 0x31)
    made.issue(0x30, 0x31, ca="B")
    made.revoke(0x31)
    yield made
    made.close()


def unconstrained(db):
    """Without the constraints of an issuer's row, so that nonsense can be written into it."""
    for name, in db.sql("SELECT conname FROM pg_constraint WHERE contype = 'c' AND"
                        " conrelid = 'stillgood.issuer'::regclass"):
        db.sql(f'ALTER TABLE stillgood.issuer DROP CONSTRAINT "{name}"')


def only_b_is_answered(running):
    """A must not be good; a revoked one may still be called that; B is as ever (I-9)."""
    running.becomes("try_later", 0x30, never=("revoked", "unknown", "unauthorized"))
    assert running.ask(0x31) in ("revoked", "try_later")
    running.stays("good", 0x30, 0x31, ca="B")
    assert running.ask(0x30) == "try_later"


def test_a_reason_that_cannot_be_understood_ends_good_until_it_can(db, tmp_path):
    """doc/faults.md row 41: revoked for a reason that nobody knows it was `good`, whatever the log said. I-1."""
    with Service(tmp_path, db.login, "AB") as running:
        running.becomes("good", 0x30)
        unconstrained(db)
        before = running.mark()
        db.sql("UPDATE stillgood.issuer SET reason = 77, revoked_at = now() WHERE name = 'A'")
        only_b_is_answered(running)
        running.logged("issuer", "reason", since=before)
        # The same for one that finds it so at its start, and for a ledger that begins anew.
        running.kill_room("ledger")
        only_b_is_answered(running)
        db.sql("UPDATE stillgood.issuer SET reason = 2 WHERE name = 'A'")
        running.becomes("revoked", 0x30, 0x31)
        running.whole().stays("good", 0x30, ca="B")


def test_a_row_that_was_never_understood_and_then_is(db, tmp_path):
    """doc/faults.md row 41, at the start."""
    unconstrained(db)
    db.sql("UPDATE stillgood.issuer SET reason = 77 WHERE name = 'A'")
    running = Service(tmp_path, db.login, "AB")
    running.responder.start(ready=False)
    with running:
        running.becomes("good", 0x30, 0x31, ca="B", never=("revoked",))
        assert running.ask(0x30) in ("try_later", "unauthorized")
        assert running.ask(0x30) != "good"
        db.sql("UPDATE stillgood.issuer SET reason = NULL WHERE name = 'A'")
        running.becomes("good", 0x30, never=())
        running.becomes("revoked", 0x31)
        running.whole()


def test_a_rename_while_answers_are_on_their_way_crashes_nothing(db, tmp_path):
    """doc/faults.md row 41: the section of the configuration goes away under what is signed and looked up."""
    with Service(tmp_path, db.login, "AB") as running:
        pids = {name: pid for name, pid in running.responder.children().items()}
        signer = running.stop_room("signer 0")
        answers, threads = [], []
        try:
            for serial in range(0x100, 0x110):
                for nonce in (False, True):
                    threads.append(threading.Thread(target=lambda s=serial, n=nonce: answers.append(
                        running.ask(s, nonce=n))))
                    threads[-1].start()
            wait_for("some to be signed", lambda: running.ledger()["signing"] > 0)
            db.sql("UPDATE stillgood.issuer SET name = 'Z' WHERE name = 'A'")
            running.polled()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(signer, signal.SIGCONT)
        for thread in threads:
            thread.join(timeout=harness.DEADLINE)
        assert len(answers) == 32 and set(answers) <= {"unknown", "unauthorized", "try_later"}, answers
        assert "ERROR: " not in running.log() and "runtime error" not in running.log(), running.log()
        assert running.responder.children()["ledger"] == pids["ledger"]
        running.stays("good", 0x30, ca="B")
        # Nothing is configured for Z; renamed back, all is as before.
        assert running.ask(0x30) != "good"
        db.sql("UPDATE stillgood.issuer SET name = 'A' WHERE name = 'Z'")
        running.becomes("good", 0x30, never=("revoked",))
        running.becomes("revoked", 0x31)
        assert running.responder.children()["ledger"] == pids["ledger"]


def test_two_issuers_that_swap_their_names_keep_their_certificates(db, tmp_path):
    """doc/faults.md row 41: a name is what the configuration calls it, not who it is. I-1, I-4."""
    with Service(tmp_path, db.login, "AB") as running:
        running.becomes("good", 0x30)
        db.sql("BEGIN; UPDATE stillgood.issuer SET name = 'X' WHERE name = 'A';"
               " UPDATE stillgood.issuer SET name = 'A' WHERE name = 'B';"
               " UPDATE stillgood.issuer SET name = 'B' WHERE name = 'X'; COMMIT")
        # Now each section's signer is another CA's: nothing that it would sign may leave.
        running.polled()
        for ca in "AB":
            for serial in (0x30, 0x31):
                for nonce in (False, True):
                    said = running.ask(serial, ca, nonce)
                    assert said in ("good", "revoked", "try_later", "unauthorized"), said
                    assert (ca, serial, said) != ("A", 0x31, "good")
                    assert (ca, said) != ("B", "revoked")
        db.sql("BEGIN; UPDATE stillgood.issuer SET name = 'X' WHERE name = 'A';"
               " UPDATE stillgood.issuer SET name = 'A' WHERE name = 'B';"
               " UPDATE stillgood.issuer SET name = 'B' WHERE name = 'X'; COMMIT")
        running.becomes("good", 0x30)
        running.becomes("revoked", 0x31)
        running.becomes("good", 0x30, 0x31, ca="B", never=("revoked",))


def replace_certificate(db, name, der):
    db.quietly(f"UPDATE stillgood.issuer SET certificate = '\\x{der.hex()}', version = version + 1"
               f" WHERE name = '{name}'",
               "INSERT INTO stillgood.change_log (issuer, version, status)"
               f" SELECT id, version, 0 FROM stillgood.issuer WHERE name = '{name}'")


def test_a_certificate_replaced_by_another_cas_is_tampering(db, tmp_path):
    """doc/faults.md row 41: A's row with B's or a stranger's certificate answers nobody's questions as good."""
    stranger = service.authority("S")
    with Service(tmp_path, db.login, "AB") as running:
        running.becomes("good", 0x30)
        for der in (stranger.der, service.authority("B").der, b"\x30\x00"):
            before = running.mark()
            replace_certificate(db, "A", der)
            only_b_is_answered(running)
            running.logged("issuer", since=before)
            assert running.ask(0x30, "S") in ("unauthorized", "try_later")
            replace_certificate(db, "A", service.authority("A").der)
            running.becomes("good", 0x30, never=("revoked",))
            running.becomes("revoked", 0x31)
        # As found at a start.
        replace_certificate(db, "A", stranger.der)
        only_b_is_answered(running)
        running.kill_room("ledger")
        running.becomes("good", 0x30, ca="B", never=("revoked",))
        assert running.ask(0x30) != "good" and running.ask(0x30, "S") != "good"


def test_a_row_of_an_id_that_becomes_another_cas_is_another_history(db, tmp_path):
    """doc/faults.md rows 41 and 35: subject, key and certificate replaced together, under the same id."""
    stranger = service.authority("S")
    row = stranger.row()
    with Service(tmp_path, db.login, "AB") as running:
        running.becomes("good", 0x30)
        before = running.mark()
        db.quietly("UPDATE stillgood.issuer SET version = version + 1, "
                   f"subject_hash = '\\x{row[2].hex()}', key_hash = '\\x{row[3].hex()}',"
                   f" certificate = '\\x{stranger.der.hex()}' WHERE name = 'A'",
                   "INSERT INTO stillgood.change_log (issuer, version, status)"
                   " SELECT id, version, 0 FROM stillgood.issuer WHERE name = 'A'")
        # The CA that was A is not in the database any more.
        wait_for("no good", lambda: running.ask(0x30) != "good" and running.ask(0x30, nonce=True) != "good")
        assert running.ask(0x31) in ("revoked", "unauthorized", "try_later")
        running.logged("issuer", since=before)
        running.stays("good", 0x30, ca="B")
