"""What this instance has called revoked it remembers (doc/faults.md I-10): through the end of the ledger, of
the warden and of the whole service, in the journal; and a journal that is damaged, missing, cut off or not
writable is said to be so and built anew, and keeps nobody from being answered."""
import glob
import os
import signal

import pytest

import harness
import service
from harness import wait_for
from service import Service


@pytest.fixture
def db(postgres):
    made = service.fresh_database(postgres, "A", "B")
    made.issue(0x30, 0x31, 0x32)
    made.issue(0x30, ca="B")
    yield made
    made.close()


def revoke_and_lose(running, db):
    """0x31 is revoked, 0x32 held, and both rows go away."""
    db.revoke(0x31, reason="keyCompromise")
    db.hold(0x32)
    running.becomes("revoked", 0x31, 0x32, never=())
    db.delete(0x31)
    db.delete(0x32)


def journal_files(running):
    return sorted(glob.glob(os.path.join(running.folder, "journal", "revocations.*")))


def test_what_is_lost_stays_revoked_through_every_restart_until_it_is_accepted(db, tmp_path):
    """I-10. The ledger killed, the warden killed, the service ended in order; then accepted."""
    with Service(tmp_path, db.login, "AB") as running:
        running.becomes("good", 0x30, 0x31, 0x32)
        revoke_and_lose(running, db)
        running.kill_room("ledger")
        running.becomes("revoked", 0x31, 0x32, never=("good", "unknown"))
        assert running.reply(0x31).reason == "keyCompromise"
        assert running.reply(0x32).reason == "certificateHold"
        running.restart()
        running.becomes("revoked", 0x31, 0x32, never=("good", "unknown"))
        children = running.responder.children().values()
        running.responder.process.kill()
        running.responder.process.wait(timeout=harness.DEADLINE)
        for pid in children:
            wait_for("the rooms to end", lambda p=pid: harness.gone(p))
        running.responder.start()
        running.becomes("revoked", 0x31, 0x32, never=("good", "unknown"))
        assert running.reply(0x31).reason == "keyCompromise"
        running.becomes("good", 0x30)
        running.becomes("good", 0x30, ca="B")
        shown = running.accept_history("--show").stdout
        assert "31" in shown and "32" in shown, shown
        running.accept_history()
        running.becomes("unknown", 0x31, 0x32, never=("good",))
        db.issue(0x31, 0x32)
        running.becomes("good", 0x31, 0x32, never=())
        # What was accepted is over, for the next that reads the journal too.
        running.restart()
        running.becomes("good", 0x30, 0x31, 0x32, never=())


def test_status_names_what_is_lost(db, tmp_path):
    """I-10: the alarm can be seen for as long as it lasts."""
    with Service(tmp_path, db.login, "AB") as running:
        revoke_and_lose(running, db)
        running.kill_room("ledger")
        running.becomes("revoked", 0x31, 0x32, never=())
        wait_for("the load to settle", lambda: running.ledger().get("lost") == 2)
        status = harness.stillgood("status", "--socket", running.responder.control_socket).stdout
        assert "lost" in status or "missing" in status, status
        running.accept_history()
        wait_for("nothing lost", lambda: running.ledger().get("lost") == 0)


def test_an_issuer_that_was_revoked_is_remembered(db, tmp_path):
    """I-10, P-34."""
    with Service(tmp_path, db.login, "AB") as running:
        db.sql("SELECT stillgood.revoke_issuer('A', 'cACompromise')")
        running.becomes("revoked", 0x30, 0x31, never=())
        db.quietly("UPDATE stillgood.issuer SET revoked_at = NULL, reason = NULL WHERE name = 'A'")
        running.kill_room("ledger")
        running.becomes("revoked", 0x30, 0x31, never=("good", "unknown"))
        running.restart()
        running.becomes("revoked", 0x30, 0x31, never=("good", "unknown"))
        running.becomes("good", 0x30, ca="B")
        running.accept_history()
        running.becomes("good", 0x30, 0x31, never=())


def damage_middle(path):
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.seek(size // 2)
        octets = file.read(8)
        file.seek(size // 2)
        file.write(bytes(octet ^ 0x55 for octet in octets))


def cut(path):
    os.truncate(path, max(os.path.getsize(path) - 3, 0))


def nonsense(path):
    with open(path, "wb") as file:
        file.write(os.urandom(4096))


@pytest.mark.parametrize("harm", [damage_middle, cut, nonsense, os.unlink])
def test_a_journal_that_is_harmed_is_said_to_be_and_is_built_anew(db, tmp_path, harm):
    """I-10: whatever it has become, answers go on, what the database says is remembered again."""
    with Service(tmp_path, db.login, "AB") as running:
        db.revoke(0x31)
        db.hold(0x32)
        running.becomes("revoked", 0x31, 0x32, never=())
        assert running.responder.stop() == 0
        files = journal_files(running)
        assert files and all(os.stat(path).st_mode & 0o777 == 0o600 for path in files)
        written = [path for path in files if os.path.getsize(path) > 0]
        assert written
        for path in written:
            harm(path)
        before = running.mark()
        running.responder.start()
        running.becomes("revoked", 0x31, 0x32, never=("good",))
        running.becomes("good", 0x30)
        if harm is not os.unlink:  # a file that is not there is that of a first start
            running.logged("journal", since=before)
        # Built anew: now a loss is noticed again.
        db.delete(0x31)
        running.restart()
        running.becomes("revoked", 0x31, 0x32, never=("good", "unknown"))


def test_a_warning_says_when_a_default_folder_cannot_be_used_and_a_named_one_is_refused(db, tmp_path):
    """I-10: no silent forgetting; the default is not there for whoever tries the program out."""
    running = Service(tmp_path, db.login, "AB", server={"journal": str(tmp_path / "not" / "there")})
    result = harness.stillgood("check", "-c", running.responder.conf, check=False)
    assert result.returncode == 1 and "journal" in result.stdout + result.stderr
    result = harness.run(harness.STILLGOOD, "serve", "-c", running.responder.conf, check=False)
    assert result.returncode == 1 and "journal" in result.stderr, result.stderr
    with Service(tmp_path / "none", db.login, "AB", server={"journal": "none"}) as running:
        db.revoke(0x31)
        running.becomes("revoked", 0x31, never=())
        assert journal_files(running) == []


def test_the_journal_stays_small_however_often_a_hold_comes_and_goes(db, tmp_path):
    """I-8: compacted, not grown for ever."""
    with Service(tmp_path, db.login, "AB") as running:
        db.sql("""DO $$ BEGIN FOR i IN 1..2000 LOOP
                      PERFORM stillgood.hold('A', '\\x32'::bytea);
                      PERFORM stillgood.release('A', '\\x32'::bytea);
                      COMMIT;
                  END LOOP; END $$""")
        db.revoke(0x31)
        running.becomes("revoked", 0x31, never=())
        running.becomes("good", 0x32, never=())
        running.restart()
        running.becomes("revoked", 0x31, never=("good",))
        running.becomes("good", 0x32, never=("revoked",))
        assert sum(os.path.getsize(path) for path in journal_files(running)) < 4 << 20


def test_a_hold_released_while_nobody_looked_is_good(db, tmp_path):
    """I-10: a release is no loss, whoever reads it from the journal's side."""
    with Service(tmp_path, db.login, "AB") as running:
        db.hold(0x32)
        running.becomes("revoked", 0x32, never=())
        assert running.responder.stop() == 0
        db.release(0x32)
        running.responder.start()
        running.becomes("good", 0x32, never=())
        assert "32" not in running.accept_history("--show").stdout


def test_a_database_that_lost_revocations_stops_goods_where_that_is_asked_for(db, tmp_path):
    """on_lost_history = stop: good until it is accepted is more than a qualified service may say."""
    with Service(tmp_path, db.login, "AB", database={"on_lost_history": "stop"}) as running:
        running.becomes("good", 0x30)
        revoke_and_lose(running, db)
        running.kill_room("ledger")
        running.becomes("try_later", 0x30, never=("revoked", "unknown"))
        running.stays("revoked", 0x31, 0x32)
        running.accept_history()
        running.becomes("good", 0x30)


def test_another_database_at_the_next_start_forgets_nothing(postgres, db, tmp_path):
    """I-10, doc/faults.md row 35: restarted over a rebuilt database whose CAs have other ids."""
    with Service(tmp_path, db.login, "AB") as running:
        db.revoke(0x31)
        running.becomes("revoked", 0x31, never=())
        assert running.responder.stop() == 0
        other = service.database(postgres, "swapped", "B", "A")
        other.issue(0x30, 0x31, 0x32)
        other.issue(0x31, ca="B")
        db.close()
        other.close()
        service.rename(postgres, db.name, "swapped_out")
        service.rename(postgres, "swapped", db.name)
        running.responder.start()
        running.becomes("revoked", 0x31, never=("good",))
        running.becomes("good", 0x31, ca="B", never=("revoked",))
        running.accept_history()
        running.becomes("good", 0x31, never=())


def test_a_folder_is_one_instances(db, tmp_path):
    """I-10: two that write one journal would both forget."""
    with Service(tmp_path, db.login, "AB") as running:
        other = Service(tmp_path / "other", db.login, "AB", server={
            "journal": os.path.join(running.folder, "journal")})
        result = harness.run(harness.STILLGOOD, "serve", "-c", other.responder.conf, check=False)
        assert result.returncode == 1 and "another instance" in result.stderr, result.stderr
        running.becomes("good", 0x30)


def test_whatever_was_once_called_revoked_is_so_after_kills_at_any_moment(db, tmp_path):
    """I-10, I-4: the ledger is killed again and again while revocations arrive; then all rows are gone."""
    serials = list(range(0x100, 0x190))
    db.issue(*serials)
    said = set()
    with Service(tmp_path, db.login, "AB") as running:
        for number, serial in enumerate(serials):
            db.revoke(serial)
            if number % 16 == 7:  # while it may be reading, writing or signing this very one
                os.kill(running.responder.children()["ledger"], signal.SIGKILL)
            for asked in serials[max(0, number - 2):number + 1]:
                if running.ask(asked) == "revoked":
                    said.add(asked)
        wait_for("a last word", lambda: running.ask(serials[-1]) == "revoked")
        said.add(serials[-1])
        assert len(said) > 10
        os.kill(running.responder.children()["ledger"], signal.SIGKILL)
        db.quietly("DELETE FROM stillgood.certificate WHERE status = 1")
        running.restart()
        running.becomes("revoked", *said, never=("good", "unknown"))
        assert running.ledger()["journal"] == "written", running.ledger()


def test_a_full_disk_under_the_journal_stops_no_answer(db, tmp_path):
    """doc/faults.md row 27: /dev/full in its place; it is said, and answers go on."""
    with Service(tmp_path, db.login, "AB") as running:
        assert running.responder.stop() == 0
        for path in journal_files(running):
            os.unlink(path)
            os.symlink("/dev/full", path)
        before = running.mark()
        try:
            running.responder.start()
        except AssertionError:  # or it is refused, with the reason: a link is no journal
            assert "journal" in running.log()[before:] or "revocations" in running.log()[before:]
            return
        db.revoke(0x31)
        running.becomes("revoked", 0x31, never=())
        running.becomes("good", 0x30)
        running.logged("journal", since=before)
