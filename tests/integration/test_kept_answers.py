"""What was signed before a restart need not be signed anew after it (`kept_answers`), and whatever the files of it
say, nothing is ever said of a certificate but what the database says (I-1, I-4; doc/faults.md row 51)."""
import glob
import os
import re
import shutil

import pytest

import harness
import service
from harness import wait_for
from service import Service

SERIALS = range(0x20, 0x60)


@pytest.fixture
def db(postgres):
    made = service.fresh_database(postgres, "A")
    made.issue(*SERIALS)
    made.revoke(0x21, reason="superseded")
    yield made
    made.close()


def kept(tmp_path, db, **server):
    return Service(tmp_path, db.login, server={"kept_answers": "8MiB", **server})


def answers(running):
    """The octets of everybody's answer."""
    said = {}
    for serial in SERIALS:
        status, body, _ = running.responder.post(service.authority("A").question(serial))
        assert status == 200
        said[serial] = body
    return said


def files(running):
    return sorted(glob.glob(os.path.join(running.folder, "journal", "answers.*")))


def test_a_restart_costs_no_signatures_and_brings_no_older_state_back(db, tmp_path):
    """I-1, I-4: the service ended, the ledger killed; revoked, held and released while nobody served."""
    with kept(tmp_path, db) as running:
        before = answers(running)
        assert running.ledger()["kept_answers"] == "written"
        assert running.ledger()["signatures"] >= len(SERIALS)
        assert running.responder.stop() == 0
        assert all(os.stat(path).st_mode & 0o777 == 0o600 for path in files(running))
        db.revoke(0x22, reason="keyCompromise")
        db.hold(0x23, 0x24)
        db.release(0x24)
        running.responder.start()
        after = answers(running)
        changed = {serial for serial in SERIALS if before[serial] != after[serial]}
        assert changed == {0x22, 0x23, 0x24}
        assert running.reply(0x22).reason == "keyCompromise"
        assert running.reply(0x23).reason == "certificateHold"
        assert running.ask(0x24) == "good"
        assert running.ledger()["kept_reused"] == len(SERIALS) - len(changed)
        assert running.ledger()["signatures"] == len(changed)
        running.kill_room("ledger")
        running.whole()
        wait_for("the former answers", lambda: answers(running) == after)
        assert running.ledger()["signatures"] == 0
        metrics = harness.stillgood("status", "--json", "--socket", running.responder.control_socket).stdout
        assert '"kept_reused":' in metrics
        text = harness.stillgood("status", "--socket", running.responder.control_socket).stdout
        assert re.search(r"^kept +answers written, [0-9]+ bytes; [1-9][0-9]* given out again since the start$", text,
                         re.MULTILINE), text


def spoil(paths, _):
    for path in paths:
        with open(path, "r+b") as file:
            octets = bytearray(file.read())
            for at in range(100, len(octets), 997):
                octets[at] ^= 0x20
            file.seek(0)
            file.write(octets)


def cut(paths, _):
    for path in paths:
        os.truncate(path, os.path.getsize(path) * 2 // 3)


def put_back(paths, former):
    for path in paths:
        shutil.copyfile(os.path.join(former, os.path.basename(path)), path)


def nonsense(paths, _):
    for path in paths:
        with open(path, "wb") as file:
            file.write(os.urandom(70000))


@pytest.mark.parametrize("harm", [spoil, cut, put_back, nonsense])
def test_whatever_has_become_of_the_files_the_database_decides(db, tmp_path, harm):
    """I-1, I-5, doc/faults.md row 51: every answer is right and proves itself, and what comes after is kept again."""
    with kept(tmp_path, db) as running:
        answers(running)
        assert running.responder.stop() == 0
        former = str(tmp_path / "former")
        shutil.copytree(os.path.join(running.folder, "journal"), former)
        db.revoke(0x25)
        running.responder.start()
        assert running.ask(0x25) == "revoked"
        answers(running)
        assert running.responder.stop() == 0
        db.revoke(0x26)
        harm(files(running), former)
        running.responder.start()
        for serial in SERIALS:
            assert running.ask(serial) == ("revoked" if serial in (0x21, 0x25, 0x26) else "good")
        before = answers(running)
        running.restart()
        assert answers(running) == before
        assert running.ledger()["signatures"] == 0


def test_other_signers_sign_anew(db, tmp_path):
    """Promise 5: answers that would be made otherwise now are made anew."""
    with kept(tmp_path, db) as running:
        answers(running)
        for option in ("responder_id = name", "archive_cutoff = issuer"):
            assert running.responder.stop() == 0
            with open(running.responder.conf, encoding="utf-8") as file:
                text = file.read()
            with open(running.responder.conf, "w", encoding="utf-8") as file:
                file.write(text.replace("[defaults]\n", f"[defaults]\n{option}\n"))
            running.responder.start()
            answers(running)
            assert running.ledger()["kept_reused"] == 0
            assert running.ledger()["signatures"] == len(SERIALS)


def test_files_that_cannot_be_opened_are_refused_by_name(db, tmp_path):
    """doc/faults.md row 27: at the start, with a clear line; without the option nobody looks at them."""
    running = kept(tmp_path, db)
    os.symlink("/dev/full", os.path.join(running.folder, "journal", "answers.a"))
    result = harness.stillgood("check", "-c", running.responder.conf, check=False)
    assert result.returncode == 1 and "answers.a" in result.stdout + result.stderr
    result = harness.run(harness.STILLGOOD, "serve", "-c", running.responder.conf, check=False)
    assert result.returncode == 1 and "answers.a" in result.stderr, result.stderr
    with open(running.responder.conf, encoding="utf-8") as file:
        text = file.read()
    with open(running.responder.conf, "w", encoding="utf-8") as file:
        file.write(text.replace("kept_answers = 8MiB", "kept_answers = 0B"))
    with running:
        assert running.ask(0x20) == "good"
        assert running.ledger()["kept_answers"] == "none"
    none = kept(tmp_path / "none", db, journal="none")
    result = harness.stillgood("check", "-c", none.responder.conf, check=False)
    assert result.returncode == 1 and "kept_answers needs a folder" in result.stdout + result.stderr
