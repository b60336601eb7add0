"""The admin listener: health with every reason, and nothing that it could change or give away."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import time
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
    assert admin.get("/metrics")[0] == 200
    assert made.responder.get("metrics") == (200, b"0\x03\n\x01\x01"), "malformedRequest"


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
    pid = made.stop_room("signer 0")
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


def figures(admin, name):
    """{labels: figure} of one metric."""
    found = {}
    for line in admin.get("/metrics")[1].splitlines():
        match = re.fullmatch(re.escape(name) + r"(?:\{(.*)\})? (\S+)", line)
        if match:
            labels = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(1) or "")
            found[tuple(value for _, value in labels)] = float(match.group(2))
    return found


def test_answers_are_counted_by_issuer_status_and_cause(both):
    made, admin = both
    made.database.issue(91, ca="B c")
    made.database.issue(92)
    made.becomes("good", 91, ca="B c", never=())
    before = figures(admin, "stillgood_answers_total")
    for _ in range(5):
        assert made.ask(91, ca="B c") == "good"
    assert made.ask(91, ca="B c", nonce=True) == "good"
    made.responder.post(b"nonsense")
    after = figures(admin, "stillgood_answers_total")
    hit, live = ("front 0", "B c", "good", "hit"), ("front 0", "B c", "good", "live")
    assert after[hit] - before.get(hit, 0) == 5
    assert after[live] - before.get(live, 0) == 1
    assert after[("front 0", "", "malformedRequest", "error")] >= 1
    made.database.revoke(92)
    made.becomes("revoked", 92)
    assert figures(admin, "stillgood_answers_total")[("front 0", "A", "revoked", "live")] >= 1
    hashes = figures(admin, "stillgood_certid_hashes_total")
    assert hashes[("front 0", "sha1")] > 6 and hashes[("front 0", "other")] == 0


def test_times_signers_and_the_database_are_shown(both):
    made, admin = both
    made.database.issue(93)
    made.becomes("good", 93, never=())
    for name in ("live_answer", "ledger_answer", "lookup", "signing"):
        count = figures(admin, f"stillgood_{name}_seconds_count")
        buckets = figures(admin, f"stillgood_{name}_seconds_bucket")
        assert sum(count.values()) >= 1, name
        room = next(iter(count))[0]
        steps = [buckets[key] for key in buckets if key[0] == room]
        assert steps == sorted(steps) and steps[-1] == count[(room,)], "cumulative, with +Inf"
    ends = figures(admin, "stillgood_signer_not_after_timestamp_seconds")
    assert {(key[1], key[2]) for key in ends} == {("A", "A"), ("B c", "B c")}
    assert all(end > time.time() + 60 for end in ends.values())
    assert sum(figures(admin, "stillgood_signatures_total").values()) >= 1
    assert figures(admin, "stillgood_database_standby") == {("ledger",): 0}
    assert 0 <= figures(admin, "stillgood_evidence_age_seconds")[("ledger",)] < 60
    assert 0 <= figures(admin, "stillgood_feed_lag_seconds")[("ledger",)] < 60
    assert figures(admin, "stillgood_lost_revocations") == {("ledger",): 0}


def test_a_restart_is_counted_by_the_room(both):
    made, admin = both
    before = figures(admin, "stillgood_room_restarts_total")[("signer 0",)]
    made.kill_room("signer 0")
    wait_for("the restart to be counted", lambda: figures(
        admin, "stillgood_room_restarts_total").get(("signer 0",), 0) == before + 1)


def test_no_label_is_a_clients_to_choose(both):
    """What clients invent is nobody's: labels hold names of the configuration and our own words."""
    made, admin = both
    for serial in range(1000, 1010):
        made.ask(serial)
    made.responder.get("evil/%22%7D%0Astillgood_ready%200")
    words = {"A", "B c", "", "running", "ledger", "signer 0", "front 0", "admin"}
    for line in admin.get("/metrics")[1].splitlines():
        for label, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', line if line[0] != "#" else ""):
            assert label in ("room", "issuer", "signer", "status", "cause", "state", "class",
                             "algorithm", "kind", "le", "version"), line
            assert label not in ("room", "issuer", "signer") or value in words, line
