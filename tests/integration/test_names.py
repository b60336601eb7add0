"""doc/faults.md rows 6 and 17: names that nobody resolves, poolers in between, and what the server's
pg_stat_activity calls each connection."""
import os
import shutil
import socket
import subprocess
import tempfile
import threading

import pytest

import harness
from harness import DemoCA, stillgood, wait_for
from pooler import Pooler

POOLED = {"session", "transaction"}


class Site:
    def __init__(self, folder, pg):
        self.folder, self.pg = folder, pg
        stillgood("db", "init", "--database", pg.conninfo)
        self.ca = DemoCA(os.path.join(folder, "ca"), key="P-256")
        stillgood("issuer", "add", self.ca.certificate, "--name", "Demo", "--database", pg.conninfo)
        stillgood("import", "certs", self.ca.issue("any"), "--database", pg.conninfo)
        harness.run("openssl", "ocsp", "-issuer", self.ca.certificate, "-cert",
                    self.ca.path("any.pem"), "-no_nonce", "-reqout", self.path("request"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def responder(self, name, conninfo, **database):
        return harness.Responder(self.path(name), self.pg, {"Demo": self.ca},
                                 database={"conninfo": conninfo, **database})

    def names(self):
        return {row[0] for row in self.pg.sql(
            "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE '%stillgood%'"
            " OR application_name LIKE 'ours%'")}

    def answer(self, responder):
        with open(self.path("request"), "rb") as file:
            return responder.post(file.read())[1]


@pytest.fixture(scope="module")
def site():
    folder = tempfile.mkdtemp(prefix="stillgood-names-", dir="/tmp")
    with harness.Postgres(port=harness.free_port(), listen="127.0.0.1") as pg:
        yield Site(folder, pg)
    shutil.rmtree(folder, ignore_errors=True)


def test_each_connection_has_its_own_name(site):
    with site.responder("named", site.pg.conninfo):
        wait_for("both", lambda: site.names() == {"stillgood feed", "stillgood lookup"})
    with site.responder("ours", site.pg.conninfo + " application_name=ours"):
        wait_for("both", lambda: site.names() == {"ours feed", "ours lookup"})
    beat = subprocess.Popen([harness.STILLGOOD, "db", "heartbeat", "--database", site.pg.conninfo],
                            stdout=subprocess.DEVNULL)
    try:
        wait_for("a command", lambda: site.names() == {"stillgood db heartbeat"})
    finally:
        beat.terminate()
        beat.wait(60)


def test_a_name_is_resolved_as_the_system_does(site):
    """localhost is in /etc/hosts; the first host's name does not exist at all."""
    conninfo = (f"host=no-such-host.invalid,localhost port={site.pg.port} dbname=postgres "
                f"user=postgres")
    site.pg.sql("SELECT 1")
    with open(os.path.join(site.pg.data, "pg_hba.conf"), "a", encoding="utf-8") as file:
        file.write("host all all 127.0.0.1/32 trust\nhost all all ::1/128 trust\n")
    site.pg.sql("SELECT pg_reload_conf()")
    with site.responder("resolved", conninfo) as made:
        assert len(site.answer(made)) > 100
    assert 'host "no-such-host.invalid" cannot be resolved' in made.log()


# ---- a name server that never answers ----

class SilentServer:
    """Takes questions on port 53 of the loopback of its network namespace and says nothing."""

    def __enter__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.153", 53))
        self.asked = 0
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self):
        try:
            while self.socket.recv(4096):
                self.asked += 1
        except OSError:
            return

    def __exit__(self, *_):
        self.socket.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="binds port 53 and mounts")
def test_a_name_server_that_never_answers_holds_up_nobody(site):
    """doc/faults.md row 6: ready by the second host within one connect_timeout and not after the resolver's patience (5 s
    twice and more), and what the loop does meanwhile is not held up."""
    resolv = site.path("resolv.conf")
    with open(resolv, "w", encoding="utf-8") as file:
        file.write("nameserver 127.0.0.153\noptions timeout:30 attempts:5\n")
    conninfo = f"host=db.example.test,{site.pg.folder} port={site.pg.port} dbname=postgres user=postgres"
    made = site.responder("silent", conninfo, connect_timeout="2s", freshness="60s")
    with SilentServer() as server:
        # Where the root folder is no mount point, as in a bare root, it cannot be made private, nor needs it.
        launcher = ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c",
                    "if mountpoint -q /; then mount --make-rprivate /; fi;"
                    f" mount --bind {resolv} /etc/resolv.conf && exec \"$@\"", "sh"]
        with open(made.log_path, "ab") as log:
            made.process = subprocess.Popen(
                [*launcher, harness.STILLGOOD, "serve", "-c", made.conf],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for("it to be ready", made.ready, 120)
            assert server.asked > 0
            assert "not resolved within connect_timeout" in made.log()
            # Whenever the feed is lost it asks the silent server first; answers go on.
            for _ in range(3):
                site.pg.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                            "WHERE application_name = 'stillgood feed'")
                wait_for("the loss to be seen", lambda: made.status()["degraded"])
                asked = server.asked
                assert len(site.answer(made)) > 100 and made.ready()
                wait_for("the second host", lambda: not made.status()["degraded"], 60)
                assert server.asked >= asked
        finally:
            made.stop()


# ---- poolers ----

def test_a_pooler_in_session_mode_works(site):
    """doc/faults.md row 17."""
    with Pooler(site.folder, site.pg, "session") as pooler:
        made = site.responder("session", pooler.conninfo)
        checked = stillgood("check", "-c", made.conf, "--verbose", check=False)
        assert "a pooler is in between that keeps sessions apart" in checked.stdout, checked
        assert checked.returncode == 0
        with made:
            assert len(site.answer(made)) > 100


def test_a_pooler_that_is_paused_is_a_database_that_does_not_answer(site):
    """doc/faults.md row 17: it lets everybody in and answers nobody. Own deadlines fire, cached answers go on, and
    once it is resumed the instance is whole again by itself (I-8)."""
    with Pooler(site.folder, site.pg, "session") as pooler:
        with site.responder("paused", pooler.conninfo, connect_timeout="1s", query_timeout="500ms") as made:
            assert len(site.answer(made)) > 100
            pause = pooler.tell("PAUSE postgres")  # ends once nobody has a session
            wait_for("it to pause", pooler.paused)
            site.pg.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name IN ('stillgood feed', 'stillgood lookup')")
            wait_for("its own deadline, of whichever step it was at", lambda: "no answer within" in made.log())
            assert pause.wait(60) == 0
            wait_for("the alarm", lambda: made.status()["degraded"])
            assert len(site.answer(made)) > 100 and made.ready()
            assert pooler.tell("RESUME postgres").wait(60) == 0
            wait_for("it to be whole", lambda: not made.status()["degraded"])
            assert site.names() == {"stillgood feed", "stillgood lookup"}


def test_a_pooler_in_transaction_mode_is_refused_with_the_reason(site):
    """doc/faults.md row 17: by `check` and by `serve`."""
    reason = "behind a pooler in transaction mode"
    with Pooler(site.folder, site.pg, "transaction") as pooler:
        made = site.responder("transaction", pooler.conninfo)
        for _ in range(3):
            checked = stillgood("check", "-c", made.conf, check=False)
            assert checked.returncode == 1 and reason in checked.stdout, checked.stdout
            assert "[serve refuses to start]" in checked.stdout
        made.start(ready=False)
        wait_for("it to end", lambda: made.process.poll() is not None, 60)
        assert made.process.returncode == 1 and reason in made.log()
