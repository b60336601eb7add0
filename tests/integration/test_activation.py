"""The service manager listens (systemd's socket units): a restart refuses nobody (doc/faults.md rows 31, 46)."""
import socket
import threading
import time

import pytest

import harness
from service import Service, authority, fresh_database


@pytest.fixture(scope="module")
def pg():
    with harness.Postgres() as server:
        yield server


def hand_over(responder, *sockets):
    """As systemd does: from descriptor 3 on, and the environment says how many and for whom."""
    moved = " ".join(f"{3 + i}<&{s.fileno()}" for i, s in enumerate(sockets))
    responder.prefix = ["bash", "-c", f'exec {moved}; export LISTEN_PID=$$ LISTEN_FDS={len(sockets)}; '
                        'exec "$@"', "bash"]
    responder.passed = tuple(s.fileno() for s in sockets)


def listening(port=0):
    server = socket.create_server(("127.0.0.1", port), backlog=128)
    return server, server.getsockname()[1]


class Caller(threading.Thread):
    """A new connection for each question. Whoever is not let in or gets no answer is a failure."""

    def __init__(self, port, question):
        super().__init__()
        self.port, self.answers, self.failures, self.over = port, 0, [], threading.Event()
        self.request = (b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: "
                        b"application/ocsp-request\r\nContent-Length: %d\r\n\r\n" % len(question)
                        ) + question

    def ask(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=harness.DEADLINE) as s:
            s.sendall(self.request)
            answer = b""
            while octets := s.recv(65536):
                answer += octets
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise OSError(repr(answer[:100]))
        self.answers += 1

    def run(self):
        while not self.over.is_set():
            try:
                self.ask()
            except OSError as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            time.sleep(0.01)


def test_a_restart_refuses_nobody(pg, tmp_path):
    """doc/faults.md row 31."""
    db = fresh_database(pg, "A")
    db.issue(1)
    service = Service(tmp_path, db.login, server={"fronts": 2})
    server, _ = listening(service.responder.port)
    hand_over(service.responder, server)
    callers = [Caller(service.responder.port, authority("A").question(1)) for _ in range(4)]
    with service:
        for caller in callers:
            caller.start()
        try:
            for _ in range(3):
                before = [caller.answers for caller in callers]
                harness.wait_for("answers", lambda: all(
                    caller.answers > n + 3 for caller, n in zip(callers, before)))  # pylint: disable=cell-var-from-loop
                service.restart()
        finally:
            for caller in callers:
                caller.over.set()
            for caller in callers:
                caller.join()
    server.close()
    assert [failure for caller in callers for failure in caller.failures] == []


def test_the_admin_listener_is_handed_over_too(pg, tmp_path):
    db = fresh_database(pg, "A")
    admin, port = listening()
    service = Service(tmp_path, db.login, server={"admin_listen": f"127.0.0.1:{port}"})
    server, _ = listening(service.responder.port)
    hand_over(service.responder, server, admin)
    with service, socket.create_connection(("127.0.0.1", port), timeout=harness.DEADLINE) as s:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert s.recv(100).startswith(b"HTTP/1.1 200 ")
        assert "nobody answers there" not in service.log()


def test_a_socket_that_no_listen_names_is_told_of(pg, tmp_path):
    db = fresh_database(pg, "A")
    service = Service(tmp_path, db.login)
    server, port = listening()
    hand_over(service.responder, server)
    with service:
        service.logged(f"127.0.0.1 port {port}", "nobody answers there")
