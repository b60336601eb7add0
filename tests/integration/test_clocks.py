"""Clocks that differ and jump (doc/faults.md rows 12 and 42): a preloaded library sets the database's or the
responder's wall clock while they run. Nothing is good beyond what is proven by both, nothing lies in the
future, and nobody waits for a deadline without need."""
import os
import struct
import time

import pytest

import harness
import service
from harness import wait_for
from service import Heart, Service, Watch

HOUR, DAY = 3600, 86400


def set_clock(path, seconds):
    """Whoever follows this file is so many seconds ahead of this machine's wall clock, at once."""
    new = not os.path.exists(path)
    with open(path, "wb" if new else "r+b", buffering=0) as file:
        file.write(struct.pack("q", seconds))
    if new:
        os.chmod(path, 0o644)


def following(path):
    """LD_PRELOAD of a program whose wall clock this file sets: wall_clock.c, compiled beside the file."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wall_clock.c")
    if not os.path.exists(path + ".so"):
        harness.run("cc", "-shared", "-fPIC", "-O1", f'-DCLOCK_FILE="{path}"', "-o", path + ".so", source,
                    "-ldl")
    return path + ".so"


class Clock:
    """A cluster whose wall clock is set while it runs; its monotonic clock is the machine's."""

    def _command(self, program, *arguments):
        if program != "pg_ctl":
            return super()._command(program, *arguments)
        if not os.path.exists(self.clock_file):
            self.set_clock(0)
        return harness.as_postgres("env", f"LD_PRELOAD={following(self.clock_file)}",
                                   os.path.join(self.programs, program), *arguments)

    @property
    def clock_file(self):
        return os.path.join(self.folder, "clock")

    def set_clock(self, seconds):
        set_clock(self.clock_file, seconds)


class Primary(Clock, harness.Postgres):
    pass


class Standby(Clock, harness.Standby):
    pass


@pytest.fixture(scope="module")
def pg():
    with Primary(settings={"max_prepared_transactions": "2"}) as made:
        assert abs(distance(made)) < 30
        made.set_clock(HOUR)
        assert abs(distance(made) - HOUR) < 30, "the library does what it should"
        made.set_clock(0)
        yield made


def distance(pg):
    return float(pg.sql("SELECT extract(epoch FROM clock_timestamp())")[0][0]) - time.time()


@pytest.fixture
def db(pg):
    pg.set_clock(0)
    made = service.fresh_database(pg, "A", "B")
    made.issue(0x30, 0x31, 0x32)
    yield made
    made.close()
    pg.set_clock(0)


def nothing_of_the_future(answers):
    """P-22: and nothing that has ended when it is sent (I-5)."""
    for answer in answers:
        if answer.this_update is not None:
            assert answer.this_update <= answer.received, answer
            assert answer.next_update is None or answer.next_update > answer.sent, answer


def test_a_clock_that_is_ahead_proves_nothing_that_a_paused_standby_hides(tmp_path):
    """doc/faults.md row 42: three seconds ahead, paused for longer: good was newer than a revocation. I-1."""
    with Primary() as primary:
        primary.set_clock(3)
        db = service.database(primary, "pki", "A")
        db.issue(*range(0x30, 0x40))
        with Heart(db), Standby(primary) as standby:
            standby.set_clock(3)
            with Service(tmp_path, service.Database(standby, "pki").login, "A",
                         database={"freshness": "20s"}) as running:
                running.becomes("good", *range(0x30, 0x34))
                standby.sql("SELECT pg_wal_replay_pause()")
                wait_for("the pause", lambda: standby.sql(
                    "SELECT pg_get_wal_replay_pause_state() = 'paused'") == [(True,)])
                db.revoke(*range(0x30, 0x40))
                revoked = time.time()
                answers = []
                while time.time() < revoked + 5:
                    answers += [running.reply(serial, nonce=nonce)
                                for serial in range(0x30, 0x40) for nonce in (False, True)]
                assert "good" in {answer.status for answer in answers}, "the standby cannot know"
                for answer in answers:
                    assert answer.status != "good" or answer.this_update <= revoked, (answer, revoked)
                nothing_of_the_future(answers)
                standby.sql("SELECT pg_wal_replay_resume()")
                running.becomes("revoked", *range(0x30, 0x40), never=())
        db.close()


@pytest.mark.parametrize("ahead", [HOUR, 2, -2])
def test_a_database_whose_clock_differs_is_followed(pg, db, tmp_path, ahead):
    """doc/faults.md row 12: order is by version, evidence by both clocks; nothing lies in the future."""
    pg.set_clock(ahead)
    with Service(tmp_path, db.login, "AB") as running:
        with Watch(running, [("A", 0x30), ("A", 0x31)]) as watch:
            running.becomes("good", 0x30, 0x31)
            db.revoke(0x31)
            revoked = time.time()
            running.becomes("revoked", 0x31, never=())
        nothing_of_the_future(watch.said(0x30) + watch.said(0x31))
        for answer in watch.said(0x31):
            assert answer.status != "good" or answer.this_update <= revoked, (answer, revoked)


def test_a_responder_far_ahead_of_its_database_answers_at_once(pg, db, tmp_path):
    """doc/faults.md row 42: by an hour, with a validity of minutes: all has ended before it begins. Nobody waits."""
    pg.set_clock(-HOUR)
    db.revoke(0x31)
    running = Service(tmp_path, db.login, "AB", defaults={"validity": "10m"})
    running.responder.start(ready=False)
    with running.responder:
        wait_for("its load", lambda: "load ends" in running.log())
        answers = [running.reply(serial, nonce=nonce)
                   for serial in (0x30, 0x31, 0x32) for nonce in (False, True)]
        assert {answer.status for answer in answers} <= {"try_later", "revoked"}
        assert running.ask(0x31) != "good"
        assert running.ledger()["timeouts"] == 0
        nothing_of_the_future(answers)
        pg.set_clock(0)
        running.becomes("good", 0x30, 0x32, never=("revoked",))
        running.becomes("revoked", 0x31)
        running.whole()


def test_jumps_of_the_databases_clock_while_it_is_followed(pg, db, tmp_path):
    """doc/faults.md row 42: a day ahead and back, an hour back and ahead: revoked stays, revocations arrive,
    good comes back without a restart. I-1, I-4, I-8."""
    serials = iter(range(0x100, 0x200))
    with Service(tmp_path, db.login, "AB") as running:
        db.revoke(0x31)
        running.becomes("revoked", 0x31, never=())
        with Watch(running, [("A", 0x30), ("A", 0x31)]) as watch:
            for ahead in (DAY, 0, -HOUR, 0, 2, 0):
                pg.set_clock(ahead)
                serial = next(serials)
                db.issue(serial)
                if ahead >= 0:
                    running.becomes("good", serial, 0x30, never=("revoked",))
                db.revoke(serial)
                running.becomes("revoked", serial, never=())
                running.becomes("revoked", 0x31)
        answers = watch.said(0x31)
        assert {answer.status for answer in answers} <= {"revoked", "try_later"}, answers
        assert {answer.status for answer in watch.said(0x30)} <= {"good", "try_later"}
        nothing_of_the_future(answers + watch.said(0x30))
        running.whole()


def test_jumps_of_the_responders_clock_while_it_runs(pg, db, tmp_path, monkeypatch):
    """doc/faults.md rows 12 and 42, the other way round: its answers are asked by a client whose clock is right.
    I-1, I-4, I-8."""
    clock = str(tmp_path / "clock")
    set_clock(clock, 0)
    running = Service(tmp_path / "serve", db.login, "AB")
    with monkeypatch.context() as patched:
        patched.setenv("LD_PRELOAD", following(clock))
        # The sanitizer's library comes after this one, which has nothing that it minds.
        patched.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
        running.responder.start(ready=False)
    db.revoke(0x31)
    serials = iter(range(0x100, 0x200))
    with running:
        running.whole().becomes("revoked", 0x31, never=())
        with Watch(running, [("A", 0x30), ("A", 0x31)]) as watch:
            for ahead in (HOUR, 0, DAY, 0, -HOUR, 0, -2, 2, 0):
                set_clock(clock, ahead)
                serial = next(serials)
                db.issue(serial)
                if abs(ahead) < HOUR:
                    running.becomes("good", serial, 0x30, never=("revoked",))
                db.revoke(serial)
                revoked = time.time()
                if ahead == DAY:  # all that is proven ended before its day began
                    running.becomes("try_later", 0x30, never=("revoked",))
                # An hour behind, its signer's certificate is not valid yet.
                wait_for("the end of good", lambda s=serial: running.ask(s) != "good")
                answers = [running.reply(serial, nonce=nonce) for nonce in (False, True)]
                if ahead >= 0:
                    running.becomes("revoked", serial, never=())
                for answer in answers:
                    assert answer.status != "good" or answer.this_update <= revoked, answer
        for answer in watch.said(0x30) + watch.said(0x31):
            assert answer.this_update is None or answer.this_update <= answer.received, answer
        assert {answer.status for answer in watch.said(0x31)} <= {"revoked", "try_later"}
        assert {answer.status for answer in watch.said(0x30)} <= {"good", "try_later"}
        assert running.ledger()["timeouts"] == 0
        running.whole().becomes("good", 0x30)


def test_a_prepared_transaction_that_stays_open_is_named_with_its_age(pg, db, tmp_path):
    """doc/faults.md row 39: by `check`, and by the running instance. Ten minutes pass at once."""
    db.sql("BEGIN")
    db.revoke(0x31)
    db.sql("PREPARE TRANSACTION 'orphan of a broker'")
    try:
        running = Service(tmp_path, db.login, "AB")
        result = harness.stillgood("check", "-c", running.responder.conf, check=False)
        assert "orphan" not in result.stdout + result.stderr, "it has just been prepared"
        pg.set_clock(600)
        with running:
            running.becomes("good", 0x30, 0x31)
            running.logged("prepared", "orphan of a broker", "open since")
            result = harness.stillgood("check", "-c", running.responder.conf, check=False)
            said = result.stdout + result.stderr
            assert "orphan of a broker" in said and "open since" in said, said
    finally:
        db.sql("COMMIT PREPARED 'orphan of a broker'")
