"""Promise 4, doc/faults.md row 32: what the kernel keeps a room from, whatever code it comes to run. Rooms that
have users of their own need a start as root; numbers stand for users, so the machine is not changed."""
import os
import shutil
import stat
import tempfile

import pytest

import harness
import service

USERS = 61000  # the ledger's; signer, verifier and front follow
LEDGER, SIGNER, VERIFIER, FRONT = range(USERS, USERS + 4)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may start rooms as other users")


@pytest.fixture
def folder():
    """That other users may enter, unlike pytest's own."""
    path = tempfile.mkdtemp(prefix="stillgood-locks-", dir="/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def ca():
    made = service.authority("Locked")
    os.chmod(made.folder, 0o711)
    return made


def site(folder, pg, ca, owner=SIGNER, **server):
    """Not started; the signer's key belongs to `owner`, and nobody else may read it."""
    os.chown(ca.signer_key, owner, owner)
    os.chmod(ca.signer_key, 0o600)
    database = service.fresh_database(pg, "Locked")
    database.issue(0x11, ca="Locked")
    return service.Service(folder, database.login, ("Locked",), server={"users": USERS, **server})


def status_of(pid):
    """/proc/PID/status, as a dictionary."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def uids(pid):
    return set(map(int, status_of(pid)["Uid"].split()))


@needs_root
def test_each_kind_of_room_has_a_user_of_its_own(folder, postgres, ca):
    """Promise 4: in its own group only, without any capability, now or by what it executes."""
    with site(folder, postgres, ca) as made:
        assert made.ask(0x11, ca="Locked", nonce=True) == "good"
        rooms = made.responder.children()
        assert {name.split()[0]: uids(pid) for name, pid in rooms.items()} == {
            "ledger": {LEDGER}, "signer": {SIGNER}, "front": {FRONT}}
        for pid in rooms.values():
            seen = status_of(pid)
            assert seen["Groups"].strip() == "" and seen["NoNewPrivs"] == "1"
            assert {int(seen[f"Cap{which}"], 16) for which in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}
        made.kill_room("front 0")
        made.whole()
        assert uids(made.responder.children()["front 0"]) == {FRONT}
        made.kill_room("ledger")
        made.whole()
        assert uids(made.responder.children()["ledger"]) == {LEDGER}
        assert made.responder.stop() == 0
        assert "warning" not in made.log().split("stopping")[1]
    for name in ("revocations.a", "revocations.b"):
        owner = os.stat(os.path.join(folder, "journal", name))
        assert (owner.st_uid, stat.S_IMODE(owner.st_mode)) == (LEDGER, 0o600)


@needs_root
def test_the_warden_keeps_only_what_its_work_needs(folder, postgres, ca):
    """Of root's rights: no ptrace, no modules, no mounts, no other machine's clock."""
    with site(folder, postgres, ca) as made:
        seen = status_of(made.responder.process.pid)
        kept = {number for number in range(64) if int(seen["CapPrm"], 16) >> number & 1}
        assert kept == {0, 1, 5, 6, 7, 8, 10}  # CHOWN DAC_OVERRIDE KILL SETGID SETUID SETPCAP NET_BIND_SERVICE
        assert seen["NoNewPrivs"] == "1"
        assert seen["CapBnd"] == seen["CapPrm"] == seen["CapEff"] and int(seen["CapAmb"], 16) == 0


@needs_root
def test_what_a_room_cannot_read_is_found_by_its_user_before_the_start(folder, postgres, ca):
    """A key that is root's alone: the proof of serve and of check is made with the signer's rights."""
    made = site(folder, postgres, ca, owner=0)
    checked = harness.stillgood("check", "-c", made.responder.conf, check=False)
    assert checked.returncode == 1 and "signer.key" in checked.stdout + checked.stderr
    assert "Permission denied" in checked.stdout
    os.chown(ca.signer_key, FRONT, FRONT)
    checked = harness.stillgood("check", "-c", made.responder.conf, check=False)
    assert checked.returncode == 1 and "Permission denied" in checked.stdout
    os.chown(ca.signer_key, SIGNER, SIGNER)
    checked = harness.stillgood("check", "-c", made.responder.conf, check=False)
    assert checked.returncode == 0 and "users" not in checked.stdout, checked.stdout


def test_users_that_do_not_exist_are_a_warning(folder, postgres, ca):
    """The service goes on as one user, and says once what that gives away."""
    os.chown(ca.signer_key, os.geteuid(), os.getegid())
    made = service.Service(folder, service.fresh_database(postgres, "Locked").login, ("Locked",),
                           server={"users": "nobody-of-that-name"})
    checked = harness.stillgood("check", "-c", made.responder.conf, check=False)
    assert checked.returncode == 0 and "so all rooms share one user" in checked.stdout
    with made:
        assert made.log().count("so all rooms share one user") == 1
        for pid in made.responder.children().values():
            seen = status_of(pid)
            assert uids(pid) == {os.geteuid()} and seen["NoNewPrivs"] == "1"
            assert {int(seen[f"Cap{which}"], 16) for which in ("Inh", "Prm", "Eff", "Amb")} == {0}


def test_every_room_is_locked_in_and_says_so(folder, postgres, ca):
    """Promise 4: as the kernel sees it, and as `stillgood status` tells it."""
    with site(folder, postgres, ca, owner=os.geteuid(), users="none",
              admin_listen=f"127.0.0.1:{harness.free_port()}") as made:
        rooms = {room["name"]: room for room in made.responder.status()["rooms"]}
        assert set(rooms) == {"ledger", "signer 0", "front 0", "admin"}
        for name, pid in made.responder.children().items():
            seen, locks = status_of(pid), rooms[name]["locks"]
            assert seen["Seccomp"] == "2" and locks["seccomp"] is True
            assert locks["uid"] == os.geteuid() and isinstance(locks["landlock"], int)
        assert made.ask(0x11, ca="Locked", nonce=True) == "good"
        assert made.responder.get("healthz")[0] == 200


def test_a_file_that_was_replaced_is_read_by_a_ledger_that_begins_anew(folder, postgres, ca, monkeypatch):
    """Landlock knows files, not names: once nothing is fresh any more the ledger makes room for one that
    may open the new file. Connections are named by a service file here, which libpq reads each time."""
    services = os.path.join(folder, "services")
    made = site(folder, postgres, ca, owner=os.geteuid(), users="none")
    name = made.responder.conf

    def write(path):
        with open(path, "w", encoding="ascii") as file:
            file.write("[locked]\n" + login.replace(" ", "\n") + "\n")
    with open(name, encoding="utf-8") as file:
        text = file.read()
    login = next(line.removeprefix("conninfo = ") for line in text.splitlines()
                 if line.startswith("conninfo = "))
    with open(name, "w", encoding="utf-8") as file:
        file.write(text.replace(login, "service=locked"))
    write(services)
    monkeypatch.setenv("PGSERVICEFILE", services)
    with made:
        assert made.ask(0x11, ca="Locked", nonce=True) == "good"
        if made.responder.status()["rooms"][0]["locks"]["landlock"] == 0:
            pytest.skip("this kernel has no Landlock")
        before = made.responder.children()["ledger"]
        write(services + ".new")
        os.replace(services + ".new", services)
        service.end_connections(postgres, login.split("dbname=")[1].split()[0])
        made.logged("begins anew to read what is new", services)
        made.whole()
        assert made.responder.children()["ledger"] != before
        assert made.ask(0x11, ca="Locked", nonce=True) == "good"
