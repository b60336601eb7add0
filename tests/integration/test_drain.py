"""`drain` and a normal stop: nobody who comes is turned away (doc/faults.md row 46)."""
import contextlib
import http.client
import json
import socket
import threading
import time

import pytest

import harness
from harness import stillgood
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
        yield running


def drain(service, *words, check=True):
    return stillgood("drain", *words, "--socket", service.responder.control_socket, check=check)


def test_a_drained_instance_serves_and_says_that_it_should_not_be_asked(service):
    said = json.loads(drain(service, "--json").stdout)
    assert said["draining"] is True
    assert service.responder.get("readyz") == (503, b"draining\n")
    assert service.ask(1) == "good"
    _, _, headers = service.responder.post(authority("A").question(1))
    assert headers["Connection"] == "close"
    document = service.responder.status()
    assert (document["draining"], document["ready"], document["reason"]) == (True, False, "draining")
    assert stillgood("status", "--socket", service.responder.control_socket,
                     check=False).returncode == 1
    assert "/readyz says 503" in drain(service).stdout

    assert drain(service, "--off").stdout == "Not draining.\n"
    assert service.ready()
    assert service.responder.status()["draining"] is False


def test_a_front_that_is_started_anew_drains_too(service):
    drain(service)
    service.kill_room("front 0")
    service.kill_room("front 1")
    harness.wait_for("both fronts to say so",
                     lambda: drain(service, check=False).returncode == 0)
    assert service.responder.get("readyz") == (503, b"draining\n")


def test_nobody_runs_there(tmp_path):
    refused = stillgood("drain", "--socket", str(tmp_path / "none"), check=False)
    assert refused.returncode == 1
    assert "no instance is running there" in refused.stderr


class Callers(threading.Thread):
    """Each time another connection, with one question; or one that is kept as long as it lasts."""

    def __init__(self, port, kept):
        super().__init__(daemon=True)
        self.port, self.kept = port, kept
        self.ended = threading.Event()
        self.answers, self.failures = 0, []

    def connect(self):
        """None: nobody lets us in."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=harness.DEADLINE)
            connection.sock = socket.create_connection(("127.0.0.1", self.port), timeout=0.3)
            connection.sock.settimeout(harness.DEADLINE)
            return connection
        except OSError:
            return None

    def ask(self, connection):
        """Whether the connection is kept."""
        connection.request("POST", "/", authority("A").question(1, nonce=True),
                           {"Content-Type": "application/ocsp-request"})
        reply = connection.getresponse()
        body = reply.read()
        assert reply.status == 200 and len(body) > 100, (reply.status, body)
        self.answers += 1
        return self.kept and reply.getheader("Connection") != "close"

    def run(self):
        while not self.ended.is_set():
            connection = self.connect()
            if connection is None:
                time.sleep(0.01)
                continue
            try:
                while self.ask(connection) and not self.ended.is_set():
                    pass
            except Exception as failure:  # pylint: disable=broad-except
                self.failures.append(f"{type(failure).__name__}: {failure}")
            finally:
                connection.close()


@contextlib.contextmanager
def called(service):
    callers = [Callers(service.responder.port, kept) for kept in (True, False) * 3]
    for caller in callers:
        caller.start()
    try:
        yield callers
    finally:
        for caller in callers:
            caller.ended.set()
        for caller in callers:
            caller.join()


def test_nobody_who_was_let_in_is_turned_away_by_a_stop(pg, tmp_path):
    """doc/faults.md row 46: with and without a pause before the sockets close."""
    db = fresh_database(pg, "A")
    db.issue(1)
    service = Service(tmp_path, db.login, server={"fronts": 2, "drain_delay": "300ms"})
    with service, called(service) as callers:
        for _ in range(3):
            before = sum(caller.answers for caller in callers)
            harness.wait_for("answers", lambda: sum(
                caller.answers for caller in callers) > before + 30)  # pylint: disable=cell-var-from-loop
            service.responder.process.terminate()
            harness.wait_for("the drain", lambda: "drains first" in service.log())
            service.restart()
    assert not [failure for caller in callers for failure in caller.failures]
    assert all(caller.answers > 0 for caller in callers)
    assert "cutting off" not in service.log()


def test_a_normal_stop_tells_what_happens_and_no_more(service):
    service.logged("started: listening on 127.0.0.1")
    service.whole()
    assert service.responder.stop() == 0
    lines = service.log().splitlines()
    after = lines[next(i for i, line in enumerate(lines) if line.endswith("stopping")):]
    assert len(after) == 2 and after[-1].endswith("ended"), after
