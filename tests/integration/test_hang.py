"""A room that hangs, whichever way, is replaced like one that died (doc/faults.md rows 44, 29, 49)."""
import http.client
import os
import re
import signal
import socket
import time

import pytest

import harness
import ptrace
from service import Service, authority, fresh_database


@pytest.fixture(scope="module")
def pg():
    with harness.Postgres() as server:
        yield server


@pytest.fixture
def service(pg, tmp_path):
    db = fresh_database(pg, "A")
    db.issue(1)
    with Service(tmp_path, db.login, server={"fronts": 2}) as running:
        running.logged("started: listening")
        yield running.whole()


def stop(pid):
    os.kill(pid, signal.SIGSTOP)


# Milliseconds of silence after which each is killed: less than five seconds, and the signer's deadline times three.
MOST = {"ledger": 4000, "front 1": 4000, "signer 0": 10000}


def is_replaced(service, name, hang):
    """By a new process; returns for how long the warden has waited, in milliseconds."""
    pid = service.responder.children()[name]
    hang(pid)
    line = service.logged(f"{name} is killed", f"pid={pid}:", "its loop has not turned for")
    harness.wait_for(f"a new {name}", lambda: service.responder.children().get(name, pid) != pid)
    return int(re.search(r"for (\d+)ms", line).group(1))


@pytest.mark.parametrize("name", MOST)
def test_a_stopped_room_is_replaced_and_service_is_whole_again(service, name):
    """I-8."""
    waited = is_replaced(service, name, stop)
    assert waited < MOST[name]
    harness.wait_for("all rooms", lambda: service.responder.status()["ready"])
    service.becomes("good", 1, never=("unknown",))


@pytest.mark.skipif(not ptrace.AVAILABLE, reason="ptrace's registers are those of x86-64 here")
@pytest.mark.parametrize("hang", [ptrace.loop, ptrace.block], ids=["loops", "blocks"])
@pytest.mark.parametrize("name", ["ledger", "front 0"])
def test_a_room_that_loops_or_blocks_is_replaced(service, name, hang):
    is_replaced(service, name, hang)
    harness.wait_for("all rooms", lambda: service.responder.status()["ready"])
    service.becomes("good", 1, never=("unknown",))


def test_a_stopped_verifier_is_replaced(pg, tmp_path):
    db = fresh_database(pg, "A")
    db.issue(1)
    with Service(tmp_path, db.login, defaults={
            "signed_requests": "verify", "requestors": authority("A").certificate}) as running:
        running.logged("started: listening")
        running.whole()
        is_replaced(running, "verifier", stop)
        assert running.ask(1) == "good"


def test_who_stands_before_a_hung_front_is_answered_by_its_successor(service):
    """The warden holds the sockets: their queues outlive the front."""
    fronts = [service.responder.children()[name] for name in ("front 0", "front 1")]
    for pid in fronts:
        stop(pid)
    question = authority("A").question(1)
    waiting = []
    for _ in range(30):
        connection = http.client.HTTPConnection("127.0.0.1", service.responder.port,
                                                timeout=harness.DEADLINE)
        connection.request("POST", "/", question, {"Content-Type": "application/ocsp-request"})
        waiting.append(connection)
    for connection in waiting:
        reply = connection.getresponse()
        assert reply.status == 200 and len(reply.read()) > 100
        connection.close()
    assert not set(fronts) & set(service.responder.children().values())


def test_when_all_were_stopped_nobody_is_suspected(service):
    """Rows 29, 49: a machine that slept, or that had no time for any of us."""
    rooms = service.responder.children()
    everybody = [service.responder.process.pid, *rooms.values()]
    for pid in everybody:
        stop(pid)
    time.sleep(6)
    for pid in everybody:
        os.kill(pid, signal.SIGCONT)
    service.becomes("good", 1, never=("unknown",))
    time.sleep(1)
    assert service.responder.children() == rooms
    assert "is killed" not in service.log()


def test_the_watchdog_is_fed_while_the_database_is_away(pg, tmp_path, monkeypatch):
    """It would start the service anew, which no database needs."""
    db = fresh_database(pg, "A")
    db.issue(1)
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(harness.DEADLINE)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        monkeypatch.setenv("WATCHDOG_USEC", "900000")
        with Service(tmp_path, db.login) as running:
            running.whole()
            pg.stop("immediate")
            try:
                harness.wait_for("the outage to be seen", lambda: running.ask(1) == "try_later")
                manager.setblocking(False)
                with pytest.raises(BlockingIOError):
                    while True:
                        manager.recv(1000)
                manager.settimeout(harness.DEADLINE)
                assert {manager.recv(1000) for _ in range(8)} == {b"WATCHDOG=1"}
            finally:
                pg.start()
            running.becomes("good", 1, never=("unknown",))
            assert "is killed" not in running.log()
