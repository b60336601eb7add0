"""The database becomes another one: rebuilt, promoted without the last commits, restored in place, forked
(doc/faults.md rows 35, 36, 37, 43; doc/design.md, One history). Numbers mean nothing across histories, and what was
revoked stays revoked until somebody who has seen it accepts."""
import contextlib
import os
import signal
import threading
import time

import pytest

import harness
import service
from harness import wait_for
from service import Heart, Service, Watch


@pytest.fixture
def db(postgres):
    """A database of this test's own, with CAs A and B."""
    made = service.fresh_database(postgres, "A", "B")
    yield made
    made.close()


def never_good_after(answers, moment):
    """I-1: a good says that it was true at its thisUpdate, which is in whole seconds, cut off."""
    for answer in answers:
        assert answer.status != "good" or answer.this_update <= moment, (answer, moment)


class Stranger(harness.Postgres):
    """A cluster with a system identifier of its own; all others are copies of one."""

    def initialise(self):
        harness.run(*harness.as_postgres("cp", "-a", harness.new_cluster(), self.data), cwd=self.folder)
        return self


# ---- row 35: another database behind the address ---------------------------------------------------

def other_order(made):
    """The same CAs, registered the other way round; B has the serials that are revoked for A."""
    made.register("B", "A")
    made.issue(0x10, 0x11, 0x12, ca="A")
    made.issue(0x11, 0x12, 0x20, ca="B")
    made.revoke(0x11, 0x12, ca="A")
    return made


def in_the_usual_order(made):
    made.issue(0x10, 0x11, 0x12)
    made.issue(0x20, 0x21, ca="B")
    made.revoke(0x21, ca="B")
    return made


def prove_the_other_order(running, watch, moved):
    """Each is answered from its own CA's rows, and what only the old database knew stays revoked."""
    running.becomes("revoked", 0x11, 0x12, never=())
    never_good_after(watch.said(0x11) + watch.said(0x12), moved)
    running.becomes("good", 0x10)
    running.becomes("good", 0x11, 0x12, 0x20, ca="B", never=("revoked",))
    running.whole().stays("revoked", 0x21, ca="B")
    never_good_after(watch.said(0x21, "B"), 0)
    running.logged("history")
    running.logged("serial=21", 'issuer="B"')


QUESTIONS = [("A", 0x10), ("A", 0x11), ("A", 0x12), ("B", 0x20), ("B", 0x21), ("B", 0x11)]


def test_a_rebuilt_database_renamed_into_place_is_another_history(postgres, db, tmp_path):
    """doc/faults.md row 35: I-1, I-4, I-9."""
    in_the_usual_order(db)
    rebuilt = other_order(service.database(postgres, "rebuilt"))
    rebuilt.close()
    with Service(tmp_path, db.login, "AB") as running, Watch(running, QUESTIONS) as watch:
        running.becomes("good", 0x10, 0x11)
        running.becomes("revoked", 0x21, ca="B")
        db.close()
        service.rename(postgres, db.name, "aside")
        service.rename(postgres, "rebuilt", db.name)
        prove_the_other_order(running, watch, time.time())


def test_the_second_host_may_be_another_server_altogether(postgres, tmp_path):
    """doc/faults.md row 35, by the connection string: I-1, I-4, I-9."""
    other = other_order(service.database(postgres, "elsewhere"))
    other.close()
    with Stranger() as first:
        one = in_the_usual_order(service.database(first, "elsewhere", "A", "B"))
        hosts = (f"host={first.folder},{postgres.folder} port=5432,5432 user=responder"
                 " dbname=elsewhere connect_timeout=2")
        with Service(tmp_path, hosts, "AB") as running, Watch(running, QUESTIONS) as watch:
            running.becomes("good", 0x10, 0x11)
            running.becomes("revoked", 0x21, ca="B")
            one.close()
            first.kill()
            prove_the_other_order(running, watch, time.time())


def test_lookups_that_reach_another_server_than_the_feed_are_not_believed(postgres, tmp_path):
    """doc/faults.md row 35: where a role's connections are used up, libpq goes on to the next host. I-1, I-6."""
    with Stranger() as first:
        one = service.database(first, "divided", "A", "B")
        one.issue(0x30, 0x31)
        other = service.database(postgres, "divided", "B", "A")
        other.issue(0x30, 0x31, 0x32, ca="B")
        first.sql("ALTER ROLE responder CONNECTION LIMIT 2")
        hosts = (f"host={first.folder},{postgres.folder} port=5432,5432 user=responder"
                 " dbname=divided connect_timeout=2")
        with Service(tmp_path, hosts, "AB") as running:
            running.becomes("good", 0x30, 0x31)
            running.becomes("unknown", 0x32, never=("good",))
            first.sql("ALTER ROLE responder CONNECTION LIMIT 1")
            with Watch(running, [("A", 0x32), ("A", 0x30), ("B", 0x30)]) as watch:
                service.end_connections(first, "divided")

                def divided():  # one here, one there: whichever came back first
                    if "lookups read another database than the feed" in running.log():
                        return True
                    service.end_connections(postgres, "divided")
                    return False
                wait_for("one connection here, and one there", divided, pause=1)
                one.revoke(0x31)
                end = time.monotonic() + 3
                while time.monotonic() < end:
                    assert running.ask(0x32) in ("unknown", "try_later")
                first.sql("ALTER ROLE responder CONNECTION LIMIT 2")
                postgres.sql("ALTER ROLE responder CONNECTION LIMIT 0")  # else both may stay together there
                service.end_connections(postgres, "divided")
                running.becomes("revoked", 0x31, never=())
                running.whole()
                postgres.sql("ALTER ROLE responder CONNECTION LIMIT -1")
            assert {answer.status for answer in watch.said(0x32)} <= {"unknown", "try_later"}
        one.close()
        other.close()


# ---- row 36: promoted without the last commits ------------------------------------------------------

class Pair:
    """A primary and its standby; the responder may go to either."""

    def __init__(self, folder):
        self.folder = folder
        self.primary = harness.Postgres(settings={"synchronous_commit": "local"})
        self.standby = None
        self.now = self.later = None

    def __enter__(self):
        self.primary.__enter__()
        self.now = service.database(self.primary, "pki", "A", "B")
        self.standby = harness.Standby(self.primary)
        self.standby.__enter__()
        self.later = service.Database(self.standby, "pki")
        return self

    def __exit__(self, *_):
        self.standby.__exit__()
        self.primary.__exit__()

    def hosts(self, *clusters):
        folders = ",".join(cluster.folder for cluster in clusters or (self.primary, self.standby))
        ports = ",".join("5432" for _ in clusters or (1, 2))
        return f"host={folders} port={ports} user=responder dbname=pki connect_timeout=2"

    def settle(self):
        """Everything that was written so far is on the standby too."""
        place = self.primary.sql("SELECT pg_current_wal_lsn()")[0][0]
        wait_for("the standby", lambda: self.standby.sql(
            "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", (place,))[0][0])

    def part(self):
        """From now on nothing reaches the standby, and nobody notices."""
        self.settle()
        senders = self.primary.sql("SELECT pid FROM pg_stat_replication")
        assert senders
        for pid, in senders:
            os.kill(pid, signal.SIGSTOP)

    def promote(self):
        """The primary is lost with what the standby has not got."""
        self.now.close()
        self.primary.kill()
        self.standby.sql("SELECT pg_promote()")
        wait_for("the promotion", lambda: self.standby.sql(
            "SELECT NOT pg_is_in_recovery()")[0][0])
        return time.time()


@pytest.fixture
def pair(tmp_path):
    with Pair(str(tmp_path)) as made:
        yield made


def test_what_the_lost_primary_had_revoked_stays_revoked_until_it_is_accepted(pair, tmp_path):
    """doc/faults.md row 36: I-4, I-10. The versions that were lost are used again for other states."""
    pair.now.issue(0x30, 0x31, 0x32, 0x33, 0x34, 0x35)
    pair.now.hold(0x35)
    pair.part()
    with Service(tmp_path, pair.hosts(), "AB") as running:
        pair.now.revoke(0x31, reason="keyCompromise")
        pair.now.hold(0x32)  # version 2
        pair.now.hold(0x33)
        pair.now.release(0x35)  # version 3: nobody after this may think that it was never held
        running.becomes("revoked", 0x31, 0x32, 0x33, never=())
        running.becomes("good", 0x30, 0x34, 0x35, never=())
        pair.promote()
        pair.later.revoke(0x32, reason="keyCompromise")  # version 2 again
        revoked = time.time()
        pair.later.revoke(0x34)
        with Watch(running, [("A", 0x31), ("A", 0x33), ("A", 0x34)]) as watch:
            running.becomes("revoked", 0x34, 0x35, never=())
            never_good_after(watch.said(0x34), revoked)
            running.whole()
            wait_for("the reason of the new history",
                     lambda: running.reply(0x32, nonce=True).reason == "keyCompromise")
            wait_for("the same from the cache", lambda: running.reply(0x32).reason == "keyCompromise")
            running.becomes("good", 0x30)
            running.stays("revoked", 0x31, 0x33)
        assert {answer.status for answer in watch.said(0x31) + watch.said(0x33)} == {"revoked"}
        line = running.logged("serial=31", 'issuer="A"')
        assert "revoked" in line or "revocation" in line
        running.logged("serial=33")
        accept_and_be_good_again(running, lost=(0x31, 0x33), kept=(0x32, 0x34, 0x35))


def test_a_hold_that_the_next_primary_has_too_ends_where_it_is_released(pair, tmp_path):
    """doc/faults.md row 36: I-9, I-10. Released between the promotion and the first look at it: that history has the
    hold, and its end. Where it has lost the hold, the release of another one is nothing to it."""
    pair.now.issue(0x30, 0x31, 0x32, 0x33)
    pair.now.hold(0x30, 0x31)
    pair.part()
    with Service(tmp_path, pair.hosts(), "AB") as running:
        pair.now.hold(0x32)
        pair.now.revoke(0x33)
        running.becomes("revoked", 0x30, 0x31, 0x32, 0x33, never=())
        assert running.responder.stop() == 0
        pair.promote()
        pair.later.release(0x30)
        for serial in (0x32, 0x33):
            pair.later.sql("SELECT stillgood.hold('A', %s::bytea)", (service.octets(serial),))
            pair.later.release(serial)
        running.responder.start()
        running.becomes("good", 0x30, never=())
        running.whole().stays("revoked", 0x31, 0x32, 0x33)
        accept_and_be_good_again(running, lost=(0x32, 0x33), kept=(0x31,))


def accept_and_be_good_again(running, lost, kept):
    """`accept-history` shows what was lost, and only that; after it the database is believed."""
    shown = running.accept_history("--show").stdout
    for serial in lost:
        assert f"{serial:X}" in shown, shown
    for serial in kept:
        assert f" {serial:X}" not in shown and f"={serial:X}" not in shown, shown
    running.stays("revoked", *lost, seconds_long=0.3)  # looking is not accepting
    running.accept_history()
    running.becomes("good", *lost, never=())
    running.becomes("revoked", *kept)
    after = running.accept_history("--show").stdout
    assert not any(f" {serial:X}" in after or f"={serial:X}" in after for serial in lost), after


def test_an_issuer_that_was_lost_and_revoked_under_the_same_version_is_revoked(pair, tmp_path):
    """doc/faults.md row 36: the issuer's version 2 is lost, and made again by revoke_issuer. I-1."""
    pair.now.issue(0x30, 0x31)
    pair.part()
    with Service(tmp_path, pair.hosts(), "AB") as running:
        pair.now.sql("UPDATE stillgood.issuer SET subject = 'CN=A, of Tokyo' WHERE name = 'A'")
        running.becomes("good", 0x30)
        pair.promote()
        pair.later.sql("SELECT stillgood.revoke_issuer('A', 'cACompromise')")
        revoked = time.time()
        with Watch(running, [("A", 0x30), ("A", 0x31)]) as watch:
            running.becomes("revoked", 0x30, 0x31, never=())
            running.whole()
        never_good_after(watch.said(0x30) + watch.said(0x31), revoked)


def test_an_issuer_that_the_lost_primary_had_revoked_stays_revoked(pair, tmp_path):
    """doc/faults.md row 36: I-10."""
    pair.now.issue(0x30)
    pair.now.issue(0x40, ca="B")
    pair.part()
    with Service(tmp_path, pair.hosts(), "AB") as running:
        pair.now.sql("SELECT stillgood.revoke_issuer('A')")
        running.becomes("revoked", 0x30, never=())
        pair.promote()
        pair.later.sql("UPDATE stillgood.issuer SET subject = 'CN=A, of Tokyo' WHERE name = 'A'")
        running.becomes("good", 0x40, ca="B", never=("revoked",))
        running.whole().stays("revoked", 0x30)
        assert 'A' in running.accept_history("--show").stdout
        running.accept_history()
        running.becomes("good", 0x30, never=())


def test_the_old_primary_comes_back(pair, tmp_path):
    """doc/faults.md rows 9 and 36 the other way round: what the new primary revoked the old one does not take back, and
    what it says is believed by nobody before an operator goes back to it. I-1, I-4."""
    pair.now.issue(0x30, 0x31, 0x32)
    pair.part()
    pair.now.revoke(0x32)  # of the old branch only
    with Service(tmp_path, pair.hosts(pair.standby, pair.primary), "AB",
                 database={"freshness": "1m"}) as running:
        pair.promote()
        pair.later.revoke(0x31)
        running.becomes("revoked", 0x31, never=())
        pair.later.close()
        pair.standby.kill()
        pair.primary.start()
        with Watch(running, [("A", 0x31)]) as watch:
            running.logged("timeline 1, before it was 2")
            assert running.reply(0x32, timeout=15).status != "good"
            assert "Nothing of it is believed" in running.accept_history("--show").stdout
            running.accept_history()
            running.becomes("revoked", 0x32, never=("good",))
            running.whole().stays("revoked", 0x31)
        assert {answer.status for answer in watch.said(0x31)} == {"revoked"}
        running.logged("serial=31")


def test_an_old_primary_beside_the_new_one_is_not_believed(pair, tmp_path):
    """doc/faults.md row 9: it runs on, the connection string names it first, and the connections to the new one are
    lost. Its revocations are of nobody's interest, and those of the new one count. I-1, also after a restart."""
    pair.now.issue(*range(0x30, 0x40))
    with Service(tmp_path, pair.hosts(), "AB") as running:
        pair.promote()
        pair.later.issue(0x40)
        running.becomes("good", 0x40, never=("revoked",))
        pair.primary.start()
        with Watch(running, [("A", serial) for serial in range(0x30, 0x34)]) as watch:
            for serial in range(0x30, 0x34):
                service.end_connections(pair.standby, "pki")
                pair.later.revoke(serial)
                revoked = time.time()
                running.becomes("revoked", serial, never=())
                never_good_after(watch.said(serial), revoked)
            running.logged("timeline 1, before it was 2")
            running.whole()
        pair.later.revoke(0x34)
        revoked = time.time()
        running.restart()
        with Watch(running, [("A", 0x34), ("A", 0x40)]) as watch:
            running.becomes("revoked", 0x34, never=())
            running.becomes("good", 0x40, never=("revoked", "unknown"))
            running.whole()
        never_good_after(watch.said(0x34), revoked)


def test_a_row_replaced_while_it_is_signed_is_not_answered_as_it_was(db, tmp_path):
    """doc/faults.md row 36: deleted and inserted as revoked, version 1 again, under the signer's hands. I-1."""
    db.issue(0x30)
    with Service(tmp_path, db.login, "AB") as running:
        answers = []
        asked = [threading.Thread(target=lambda nonce=nonce: answers.append(
            running.reply(0x30, nonce=nonce))) for nonce in (False, True)]
        signer = running.stop_room("signer 0")
        try:
            for thread in asked:
                thread.start()
            wait_for("both to be signed", lambda: running.ledger()["signing"] == 2)
            db.delete(0x30)
            db.sql("INSERT INTO stillgood.certificate (issuer, serial, status, revoked_at)"
                   " VALUES (1, %s, 1, now())", (service.octets(0x30),))
            revoked = time.time()
            running.polled()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(signer, signal.SIGCONT)
        for thread in asked:
            thread.join(timeout=harness.DEADLINE)
        # A good of the time before would be true, but nobody can need it: it was not sent yet.
        assert len(answers) == 2 and {answer.status for answer in answers} <= {"revoked", "try_later"}
        running.becomes("revoked", 0x30)
        never_good_after(answers, revoked)


def test_commits_that_a_crash_loses_stay_revoked(tmp_path):
    """doc/faults.md row 36, on one machine: synchronous_commit = off, and a crash. I-4, I-10."""
    settings = {"synchronous_commit": "off", "wal_writer_delay": "10s", "fsync": "on"}
    with harness.Postgres(settings=settings) as pg:
        db = service.fresh_database(pg, "A", "B")
        db.issue(0x30, 0x31, 0x32)
        pg.sql("CHECKPOINT")
        with Service(tmp_path, db.login, "AB") as running:
            running.becomes("good", 0x30, 0x31, 0x32)
            pg.sql("SELECT pg_switch_wal()")
            db.revoke(0x31)
            running.becomes("revoked", 0x31, never=())
            db.close()
            pg.kill()
            pg.start()
            kept = db.sql("SELECT 1 FROM stillgood.certificate WHERE serial = '\\x31' AND status = 1")
            db.hold(0x32)
            running.becomes("revoked", 0x31, 0x32, never=())
            running.whole().stays("revoked", 0x31)
            running.becomes("good", 0x30)
            if not kept:  # nearly always: the writer of the log was asleep
                running.logged("serial=31")
                accept_and_be_good_again(running, lost=(0x31,), kept=(0x32,))
        db.close()


def test_a_snapshot_of_the_machine_is_put_back_while_nobody_looks(tmp_path):
    """doc/faults.md rows 36, 9: server, timeline and tables are the same, and its transactions have passed by
    where they were: only content tells. I-10."""
    with harness.Postgres() as pg:
        db = service.fresh_database(pg, "A", "B")
        db.issue(*range(0x30, 0x36))
        db.close()
        pg.stop()
        harness.run(*harness.as_postgres("cp", "-a", pg.data, pg.data + ".kept"), cwd=pg.folder)
        pg.start()
        with Service(tmp_path, db.login, "AB") as running:
            db.revoke(0x31)
            db.hold(0x32, 0x33)
            db.release(0x33)  # version 3
            db.sql("UPDATE stillgood.issuer SET subject = 'CN=B, of Tokyo' WHERE name = 'B'")
            running.becomes("revoked", 0x31, 0x32, never=())
            running.becomes("good", 0x33, 0x34, never=())
            assert running.responder.stop() == 0
            db.close()
            pg.stop()
            harness.run(*harness.as_postgres("mv", pg.data, pg.data + ".lost"), cwd=pg.folder)
            harness.run(*harness.as_postgres("mv", pg.data + ".kept", pg.data), cwd=pg.folder)
            pg.start()
            db.sql("DO $$ BEGIN FOR i IN 1..50 LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$")
            db.revoke(0x32, reason="keyCompromise")  # version 2, as the hold was
            db.hold(0x33)  # version 2, and 3 was known as good
            db.sql("SELECT stillgood.revoke_issuer('B')")  # version 2, as another subject was
            running.responder.start()
            running.becomes("revoked", 0x31, 0x32, 0x33, never=("good",))
            assert running.reply(0x32).reason == "keyCompromise"
            running.becomes("revoked", 0x40, ca="B", never=("good",))
            running.becomes("good", 0x30, 0x34)
            accept_and_be_good_again(running, lost=(0x31,), kept=(0x32, 0x33))
        db.close()


def test_a_table_that_is_written_anew_by_its_owner_loses_nothing(db, tmp_path):
    """VACUUM FULL gives tables new files, as a restore does: read anew, and nobody need accept anything.
    I-9."""
    db.issue(0x30, 0x31, 0x32)
    db.revoke(0x31)
    with Service(tmp_path, db.login, "AB", database={"freshness": "1m"}) as running:
        running.becomes("good", 0x30)
        with Watch(running, [("A", 0x30), ("A", 0x31)]) as watch:
            for table in ("certificate", "change_log", "issuer"):
                db.sql(f"VACUUM FULL stillgood.{table}")
            db.revoke(0x32)
            running.becomes("revoked", 0x32, never=())
            running.whole()
        assert {answer.status for answer in watch.said(0x30)} == {"good"}
        assert {answer.status for answer in watch.said(0x31)} == {"revoked"}
        assert running.ledger()["lost"] == 0


# ---- row 37: restored in place ---------------------------------------------------------------------

def dump(database, path):
    pg = database.pg
    harness.run(*harness.as_postgres("touch", path))
    harness.run(*pg._command("pg_dump", "-Fc", "-h", pg.folder, "-U", "postgres", "-d", database.name,
                             "-f", path), cwd=pg.folder)
    return path


def restore(database, path, *options):
    pg = database.pg
    harness.run(*pg._command("pg_restore", "--single-transaction", "-h", pg.folder, "-U", "postgres",
                             "-d", database.name, *options, path), cwd=pg.folder)


def test_a_restore_in_place_under_open_connections_is_noticed(postgres, db, tmp_path):
    """doc/faults.md row 37: I-1, I-10. No connection is lost, and the polls go on as if nothing had happened."""
    db.issue(0x30, 0x31, 0x32, 0x33, 0x34)
    db.hold(0x32)
    db.close()
    postgres.sql(f'CREATE DATABASE before TEMPLATE "{db.name}"')
    before = service.Database(postgres, "before")
    before.revoke(0x31, 0x34)
    before.revoke(0x32, reason="keyCompromise")  # version 3 here, and in a moment there
    path = dump(before, os.path.join(postgres.folder, "before.dump"))
    before.close()
    with Service(tmp_path, db.login, "AB") as running:
        db.revoke(0x33)
        running.becomes("revoked", 0x33, 0x32, never=())
        running.becomes("good", 0x30, 0x31, 0x34)
        assert running.reply(0x32).reason == "certificateHold"
        db.close()
        pids = pids_of(postgres, db)
        with Watch(running, [("A", 0x31), ("A", 0x33)]) as watch:
            restore(db, path, "--clean", "--if-exists")
            restored = time.time()
            wait_for("a revocation that nobody looks up", lambda: running.ask(0x34) == "revoked")
            running.becomes("revoked", 0x31, 0x34, never=())
            running.whole().stays("revoked", 0x33)
        assert pids & pids_of(postgres, db) or "history" in running.log()
        never_good_after(watch.said(0x31), restored)
        assert {answer.status for answer in watch.said(0x33)} == {"revoked"}
        wait_for("the restored reason", lambda: running.reply(0x32).reason == "keyCompromise")
        running.logged("history")
        running.logged("serial=33")
        # The restored database is followed like any other.
        db.revoke(0x30)
        running.becomes("revoked", 0x30, never=())
        accept_and_be_good_again(running, lost=(0x33,), kept=(0x30, 0x31, 0x32, 0x34))


def pids_of(pg, database):
    return {pid for pid, in pg.sql("SELECT pid FROM pg_stat_activity WHERE datname = %s AND"
                                   " usename = 'responder'", (database.name,))}


# ---- row 43: a standby shows what the primary does not yet -------------------------------------------

def test_a_commit_that_a_standby_shows_first_is_not_taken_back_by_its_primary(pair, tmp_path):
    """doc/faults.md row 43, the long fork: per instance I-1 to I-4."""
    pair.now.issue(0x30, 0x31)
    pair.settle()
    with Heart(pair.now):
        with Service(tmp_path / "standby", pair.hosts(pair.standby, pair.primary), "AB",
                     database={"freshness": "1m"}) as ahead, \
                Service(tmp_path / "primary", pair.hosts(pair.primary), "AB") as behind:
            for running in (ahead, behind):
                running.becomes("good", 0x30, 0x31)
            # The commit waits for a standby that does not exist; the one that does replays it.
            pair.primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            pair.primary.sql("SELECT pg_reload_conf()")
            wait_for("the setting", lambda: pair.primary.sql("SHOW synchronous_standby_names")
                     == [("nobody",)])
            done = []

            def revoke():
                with pair.now.connect() as connection, connection.cursor() as cursor:
                    cursor.execute("SET synchronous_commit = on")
                    cursor.execute("SELECT stillgood.revoke('A', %s::bytea)", (service.octets(0x31),))
                    connection.commit()
                    done.append(time.time())
            waiting = threading.Thread(target=revoke, daemon=True)
            waiting.start()
            with Watch(ahead, [("A", 0x31)]) as seen_ahead, Watch(behind, [("A", 0x31)]) as seen_behind:
                ahead.becomes("revoked", 0x31, never=())
                assert not done and behind.ask(0x31, nonce=True) == "good"
                # The instance that has said revoked goes over to the primary, which does not know it yet.
                pair.later.close()
                pair.standby.kill()
                ahead.stays("revoked", 0x31, seconds_long=2)
                pair.primary.sql("ALTER SYSTEM RESET synchronous_standby_names")
                pair.primary.sql("SELECT pg_reload_conf()")
                waiting.join(timeout=harness.DEADLINE)
                behind.becomes("revoked", 0x31, never=())
                ahead.whole().stays("revoked", 0x31)
            for watch in (seen_ahead, seen_behind):
                never_good_after(watch.said(0x31), done[0])
                statuses = [answer.status for answer in watch.said(0x31) if answer.status]
                assert "good" not in statuses[statuses.index("revoked"):]  # I-4
            # Now that the primary shows it, nothing is missing any more, and nobody must accept.
            wait_for("nothing to accept",
                     lambda: "31" not in ahead.accept_history("--show").stdout)
