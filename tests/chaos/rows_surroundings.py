"""What instances stand on besides a database: a pooler before it, tokens, a disk, limits of a process: rows 17, 19, 27,
30."""
import contextlib
import os
import re
import resource
import signal
import threading
import time

import harness
import tokens
from harness import wait_for
from pooler import Pooler
from rows import row
from rows_rooms import kill, rooms
from service import authority
from world import processes

TICKS = os.sysconf("SC_CLK_TCK")


# ---- a pooler ----

def end_sessions(world):
    world.primary.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'responder'")


@row(17, "the pooler paused, gone, and in transaction mode for a while", lasts=60,
     between={"primary": lambda folder, pg: Pooler(folder, pg, "session", user="responder", dbname="pki")})
def pooler(world):
    between = world.between["primary"]
    with world.fault("pooler paused", instances=["primary"]) as fault:
        pause = between.tell("PAUSE pki")  # ends once nobody has a session
        wait_for("it to pause", between.paused)
        end_sessions(world)
        pause.wait(60)
        with fault.unproven():
            world.past_the_bound()
        assert between.tell("RESUME pki").wait(60) == 0
    world.calm()
    with world.fault("pooler gone", instances=["primary"]) as fault:
        between.stop()
        with fault.unproven():
            world.past_the_bound()
        between.start()
    world.calm()
    with world.fault("pooler shares sessions", instances=["primary"]):
        between.write("transaction")
        assert between.tell("RELOAD").wait(60) == 0
        end_sessions(world)
        world.past_the_bound()
        between.write("session")
        assert between.tell("RELOAD").wait(60) == 0
        end_sessions(world)


# ---- tokens ----

class Tokens:
    """B's key is in a token, of which each instance has a handle; A's is in a file."""

    def __init__(self):
        self.token = None

    def prepare(self, folder):
        ca = authority("B")
        self.token = tokens.Token(os.path.join(folder, "hsm"))
        certificate = tokens.certify(ca, "in-token", self.token.key("ocsp", "EC:prime256v1"))
        environment = {"SOFTHSM2_CONF": self.token.conf, **tokens.environment(self.token.folder)}
        prefix = ["env", *(f"{name}={value}" for name, value in environment.items())]

        def edit(text):
            own = f"{self.token.uri('ocsp')}\nsigner_key_passphrase_file = {self.token.pin_file}"
            return text.replace(ca.signer_certificate, certificate).replace(ca.signer_key, own)
        return {"prefix": {name: prefix for name in ("primary", "either", "standby")}, "edit": edit,
                "server": {"pkcs11_module": self.token.shim}, "signers": {"B": [certificate]}}


TOKENS = Tokens()


@row(19, "a token that is away, slow, hangs", lasts=60, prepare=TOKENS.prepare)
def token_faults(world):
    """Only B is touched, and comes back by itself. B is in trouble all the time: a token that came back is opened anew."""
    with world.fault("B's token fails", cas=["B"]):
        for how in ("absent", "lost", "slow 400", "hang"):
            TOKENS.token.fail(how)
            world.last(5)
            TOKENS.token.fail(None)
            world.last(6)


# ---- a disk ----

def small_disks(folder):
    """Of a MiB, for what an instance keeps."""
    paths = [os.path.join(folder, name, "journal") for name in ("primary", "either", "standby")]
    for path in paths:
        os.makedirs(path)
        harness.run("mount", "-t", "tmpfs", "-o", "size=1m", "none", path)
    return {"ending": [lambda: harness.run("umount", *paths)], "edit": lambda text: re.sub(r"^journal = (.*)$", r"\g<0>\naccess_log = full\naccess_log_file = \1/access.log", text,
                                        flags=re.MULTILINE)}


def fill(path):
    """To the last octet."""
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)


def journals(world, state):
    """Of all instances."""
    wait_for(f"journals: {state}", lambda: all(
        instance.ledger().get("journal") == state for instance in world.instances.values()), pause=0.2)


@row(27, "the disk of journal and access log is full", lasts=50, network=True, prepare=small_disks)
def full_disk(world):
    """No fault for anybody: serving goes on, and what is said stays said, though a ledger dies meanwhile."""
    filled = [os.path.join(instance.folder, "journal", "filled") for instance in world.instances.values()]
    with world.fault("disks full", instances=[]):
        for path in filled:
            fill(path)
        journals(world, "cannot be written")
        world.last(4)
    with world.fault("ledgers killed with full disks", silent=True):
        for instance in world.instances.values():
            for pid in rooms(instance, "ledger").values():
                kill(pid)
        world.last(3)
    with world.fault("disks full still", instances=[]):
        world.last(4)
        for path in filled:
            os.unlink(path)
    journals(world, "written")
    with world.fault("killed", silent=True):
        for instance in world.instances.values():
            for pid in rooms(instance, "ledger").values():
                kill(pid)
        world.last(2)


# ---- limits ----

def busy(pid):
    """Seconds of a processor that it has had."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Storm(threading.Thread):
    """Calls that wait are broken off with EINTR: each process is stopped and continued, again and again."""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.pids, self.ended = pids, threading.Event()

    def run(self):
        while not self.ended.wait(0.02):
            for pid in self.pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    os.kill(pid, signal.SIGCONT)


@row(30, "calls broken off; no descriptor left", lasts=50)
def limits(world):
    """Nobody spins: whoever had nothing to do would take a whole processor."""
    everybody = [pid for instance in world.instances.values() for pid in processes(instance)]
    with world.fault("EINTR", instances=[]):
        storm = Storm(everybody)
        storm.start()
        world.last(6)
        storm.ended.set()
        storm.join()
    former = {}
    with world.fault("EMFILE", silent=True):
        before, began = {pid: busy(pid) for pid in everybody}, time.monotonic()
        for pid in everybody:
            former[pid] = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, former[pid][1]))
        world.last(6)
        took = time.monotonic() - began
        for pid in everybody:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, former[pid])
        spinning = [pid for pid in everybody if busy(pid) - before[pid] > 0.9 * took]
    assert not spinning, [open(f"/proc/{pid}/cmdline", encoding="utf-8").read() for pid in spinning]
