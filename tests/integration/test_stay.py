"""What an instance rides out while it stays ready: a PostgreSQL that restarts behind a load balancer
(doc/faults.md row 45), a standby that stands still and a heartbeat that nobody writes (rows 7, 8)."""
import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import pytest

import harness
from harness import DemoCA, stillgood, wait_for

OUTAGE = 12.0
TRY_LATER = bytes.fromhex("30030a0103")


def make_site(folder, pg, count=4):
    """A CA in the database; its requests."""
    stillgood("db", "init", "--database", pg.conninfo)
    ca = DemoCA(os.path.join(folder, "ca"), key="P-256")
    stillgood("issuer", "add", ca.certificate, "--name", "Demo", "--database", pg.conninfo)
    requests = []
    for i in range(count):
        certificate = ca.issue(f"leaf{i}")
        stillgood("import", "certs", certificate, "--database", pg.conninfo)
        for nonce in ("-no_nonce", "-nonce"):
            path = os.path.join(folder, f"request{i}{nonce}")
            harness.run("openssl", "ocsp", "-issuer", ca.certificate, "-cert", certificate, nonce,
                        "-reqout", path)
            with open(path, "rb") as file:
                requests.append(file.read())
    return ca, requests


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="stillgood-stay-", dir="/tmp")
    yield path
    shutil.rmtree(path, ignore_errors=True)


class Load:
    """Asks one after the other, cached questions and live ones (a nonce), and keeps what failed."""

    def __init__(self, url, requests):
        self.url, self.requests = url, requests
        self.asked, self.failed, self.stopping = 0, [], False
        self.thread = threading.Thread(target=self._run)

    def _ask(self, body):
        request = urllib.request.Request(
            self.url, data=body, headers={"Content-Type": "application/ocsp-request"})
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError as error:
            return 0, str(error).encode()

    def _run(self):
        while not self.stopping:
            status, body = self._ask(self.requests[self.asked % len(self.requests)])
            self.asked += 1
            if status != 200 or len(body) < 100:
                self.failed.append((status, body[:80]))
            time.sleep(0.01)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join(120)


@contextlib.contextmanager
def haproxy(folder, backend_port):
    """As in the field: `/readyz` each second, and one bad probe takes the server out."""
    port, conf = harness.free_port(), os.path.join(folder, "haproxy.cfg")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(f"""defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend ocsp
  bind 127.0.0.1:{port}
  default_backend stillgood
backend stillgood
  option httpchk GET /readyz
  http-check expect status 200
  server one 127.0.0.1:{backend_port} check inter 1s fall 1 rise 1
""")
    with subprocess.Popen(["haproxy", "-f", conf, "-db"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()


def test_postgresql_restarts_behind_a_load_balancer_and_no_request_fails(folder):
    """doc/faults.md row 45."""
    with harness.Postgres() as pg:
        ca, requests = make_site(folder, pg)
        made = harness.Responder(os.path.join(folder, "run"), pg, {"Demo": ca},
                                 database={"freshness": "600s"})
        with made, haproxy(folder, made.port) as url:
            for body in requests:  # what the instance is to know
                wait_for("an answer", lambda b=body: len(made.post(b)[1]) > 100)
            wait_for("the proxy", lambda: Load(url, requests)._ask(requests[0])[0] == 200)
            with Load(made.url, requests) as direct, Load(url, requests) as proxied:
                pg.stop()
                stopped = time.monotonic()
                wait_for("the outage to be seen", lambda: "degraded: the database is away" in
                         made.get("readyz")[1].decode())
                assert made.get("readyz")[0] == 200
                while time.monotonic() < stopped + OUTAGE:
                    time.sleep(0.1)
                    assert made.get("readyz")[0] == 200
                alarms = made.status()["alarms"]
                assert [a["kind"] for a in alarms] == ["database_away"], alarms
                assert "evidence_age=" in alarms[0]["text"]
                pg.start()
                wait_for("its end", lambda: made.get("readyz") == (200, b"ok\n"), 120)
                asked = max(100, direct.asked + 20), max(100, proxied.asked + 20)
                wait_for("some more", lambda: direct.asked > asked[0] and proxied.asked > asked[1], 120)
            assert direct.failed == [] and proxied.failed == [], (direct.failed, proxied.failed)
            wait_for("the end in the log", lambda: "it has ended: the database cannot be " in made.log())
            log = made.log()
            # Which of the two connections noticed it first does not matter.
            assert log.count("alarm=database_away") == 2, ("begins, ends", log)


def test_a_standby_that_stands_still_and_a_heartbeat_that_nobody_writes_are_told_apart(folder):
    """doc/faults.md rows 7 and 8: and neither makes the instance unready within `freshness`."""
    with harness.Postgres() as pg, harness.Standby(pg) as standby:
        ca, _ = make_site(folder, pg, 1)
        beating = threading.Event()
        beating.set()
        ended = threading.Event()

        def beat():
            connection = pg.connect()
            connection.autocommit = True
            with connection.cursor() as cursor:
                while not ended.is_set():
                    if beating.is_set():
                        cursor.execute("SELECT stillgood.heartbeat()")
                    time.sleep(0.2)
            connection.close()

        thread = threading.Thread(target=beat)
        thread.start()
        made = harness.Responder(os.path.join(folder, "run"), pg, {"Demo": ca}, database={
            "conninfo": standby.conninfo, "freshness": "600s"})

        def kinds():
            return [a["kind"] for a in made.status()["alarms"]]

        try:
            with made:
                wait_for("no trouble", lambda: kinds() == [])
                standby.sql("SELECT pg_wal_replay_pause()")
                wait_for("the pause", lambda: kinds() == ["database_stalled"], 120)
                assert "replay is paused" in made.status()["degraded"]
                assert made.get("readyz") == (200, b"ok\ndegraded: the evidence stands still\n")
                standby.sql("SELECT pg_wal_replay_resume()")
                wait_for("its end", lambda: kinds() == [], 120)
                beating.clear()
                wait_for("the silence", lambda: kinds() == ["heartbeat_stopped"], 120)
                assert made.get("readyz")[0] == 200
                beating.set()
                wait_for("its end", lambda: kinds() == [], 120)
                for kind in ("database_stalled", "heartbeat_stopped"):
                    assert made.log().count(f"alarm={kind}\n") == 1
        finally:
            ended.set()
            thread.join(60)
