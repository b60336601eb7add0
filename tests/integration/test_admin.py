"""The admin listener: health with every reason, and nothing that it could change or give away."""
import contextlib
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import pytest

import harness
import service
from harness import wait_for


class Admin:
    """What answers on the admin listener."""

    def __init__(self, port):
        self.port = port

    def get(self, path, host=None, timeout=harness.DEADLINE):
        """(HTTP status, text, headers), or (0, '', {}) where nobody answers."""
        headers = {"Host": host} if host else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return reply.status, reply.read().decode(), reply.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers
        except OSError:
            return 0, "", {}


@contextlib.contextmanager
def instance(folder, postgres, cas=("A", "B c"), server=None, **options):
    """A Service with an admin listener, and that."""
    port = harness.free_port()
    database = service.fresh_database(postgres, *cas)
    made = service.Service(folder, database.login, cas=cas,
                           server={"admin_listen": f"127.0.0.1:{port}", **(server or {})}, **options)
    with made:
        made.database = database
        yield made, Admin(port)


@pytest.fixture(name="both", scope="module")
def _both(tmp_path_factory, postgres):
    with instance(tmp_path_factory.mktemp("admin"), postgres, server={"admin_hosts": "ocsp1.example.com"}) as both:
        yield both


def test_health_is_told_with_issuers(both):
    made, admin = both
    assert admin.get("/healthz")[:2] == (200, "ok\n")
    wait_for("readiness", lambda: admin.get("/readyz")[0] == 200)
    assert admin.get("/readyz")[1].startswith("ok\n")
    assert admin.get("/readyz/A")[0] == 200
    assert admin.get("/readyz/B%20c")[0] == 200
    assert admin.get("/readyz/C")[0] == 404
    assert made.responder.get("readyz")[0] == 200


def test_the_public_listener_has_none_of_it(both):
    made, admin = both
    for path in ("metrics", "readyz/A"):
        status, body = made.responder.get(path)
        assert status == 200 and body != admin.get("/" + path)[1].encode(), "an OCSP error"


def test_only_listed_names_are_answered(both):
    _, admin = both
    for host in ("127.0.0.1", "localhost:80", "[::1]", "OCSP1.example.com:9180"):
        assert admin.get("/healthz", host=host)[0] == 200, host
    for host in ("evil.example", "ocsp1", "127.0.0.1.evil.example"):
        assert admin.get("/healthz", host=host)[0] == 421, host


def test_nothing_may_be_framed_or_kept(both):
    _, admin = both
    headers = admin.get("/readyz")[2]
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_its_death_costs_nobody_an_answer(both):
    """Promise 4: it is restarted, and the instance is ready all the while."""
    made, admin = both
    made.database.issue(77)
    made.becomes("good", 77, never=())
    made.kill_room("admin")
    assert made.ready() and made.responder.status()["ready"]
    assert made.ask(77) == "good"
    wait_for("the admin room", lambda: admin.get("/healthz")[0] == 200)
    wait_for("its stream to the warden", lambda: admin.get("/readyz")[0] == 200)


def test_a_room_that_hangs_is_told_of(both):
    """Soft: the document comes without it."""
    made, admin = both
    pid = made.stop_room("signer")if "signer" in made.responder.children() else made.stop_room("signer 0")
    try:
        wait_for("the signer to be missed", lambda: "signer 0" in admin.get("/readyz")[1])
        assert admin.get("/readyz")[0] == 503
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    wait_for("readiness", lambda: admin.get("/readyz")[0] == 200)


def test_many_visitors_do_not_stop_it(both):
    _, admin = both
    held = [socket.create_connection(("127.0.0.1", admin.port), timeout=10) for _ in range(80)]
    try:
        assert admin.get("/healthz")[0] == 200
    finally:
        for one in held:
            one.close()


def test_it_runs_only_where_it_is_wanted(tmp_path, postgres):
    database = service.fresh_database(postgres, "A")
    with service.Service(tmp_path, database.login) as made:
        assert "admin" not in made.responder.children()


def test_a_taken_port_is_refused(tmp_path, postgres):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        database = service.fresh_database(postgres, "A")
        made = service.Service(tmp_path, database.login, server={"admin_listen": address})
        result = harness.stillgood("check", "-c", made.responder.conf, check=False)
        assert result.returncode == 1 and f"cannot listen on {address}" in result.stdout + result.stderr


def test_metrics_are_as_prometheus_wants_them(both):
    made, admin = both
    made.database.issue(78)
    made.becomes("good", 78, never=())
    status, text, headers = admin.get("/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                            text=True, check=False)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
    assert "\nstillgood_ready 1\n" in text
