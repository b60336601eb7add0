"""What must hold while things break: a child killed under load, the database away, an orderly end.
The history is checked against the invariants of doc/faults.md."""
import datetime
import os
import signal
import subprocess
import threading
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography import x509
from cryptography.x509 import ocsp

import harness
from harness import stillgood, wait_for

FRESHNESS = 4.0


def load(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


def load_serial(path):
    return load(path).serial_number


class Site:
    def __init__(self, folder, pg):
        self.pg = pg
        self.ca = harness.DemoCA(os.path.join(folder, "ca"), key="P-256")
        stillgood("db", "init", "--database", pg.conninfo)
        stillgood("issuer", "add", self.ca.certificate, "--name", "Demo", "--database", pg.conninfo)
        self.responder = harness.Responder(
            folder, pg, {"Demo": self.ca}, server={"fronts": 2, "signers": 2},
            database={"freshness": f"{int(FRESHNESS * 1000)}ms"})

    def issue(self, name):
        path = self.ca.issue(name)
        stillgood("import", "certs", path, "--database", self.pg.conninfo)
        return path

    def request(self, path, nonce=None):
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            load(path), load(self.ca.certificate), hashes.SHA1())
        if nonce:
            builder = builder.add_extension(x509.OCSPNonce(nonce), False)
        return builder.build().public_bytes(serialization.Encoding.DER)

    def ask(self, request):
        """'good', 'revoked', 'unknown', 'try_later' …; None without an answer."""
        try:
            status, body, _ = self.responder.post(request)
        except OSError:
            return None
        assert status == 200, status
        response = ocsp.load_der_ocsp_response(body)
        if response.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            return response.response_status.name.lower()
        assert response.next_update.timestamp() > 0
        return response.certificate_status.name.lower()

    def proven(self, path):
        """The moment up to which the data is proven current, by the second: a live thisUpdate."""
        _, body, _ = self.responder.post(self.request(path, os.urandom(16)))
        moment = ocsp.load_der_ocsp_response(body).this_update
        return moment.replace(tzinfo=datetime.timezone.utc).timestamp()

    def revoke(self, path):
        stillgood("revoke", path, "--reason", "keyCompromise", "--database", self.pg.conninfo)


@pytest.fixture()
def site(tmp_path):
    with harness.Postgres() as pg:
        made = Site(str(tmp_path), pg)
        with made.responder:
            yield made


class Load(threading.Thread):
    """Asks without pause; counts answers by kind."""

    def __init__(self, site, requests):
        super().__init__(daemon=True)
        self.site, self.requests, self.ended = site, requests, threading.Event()
        self.history = []

    def run(self):
        number = 0
        while not self.ended.is_set():
            request = self.requests[number % len(self.requests)]
            number += 1
            self.history.append((time.monotonic(), number % len(self.requests),
                                 self.site.ask(request)))

    def finish(self):
        self.ended.set()
        self.join(timeout=harness.DEADLINE)
        assert not self.is_alive()
        return self.history


def test_ps_names_every_room(site):
    rooms = site.responder.children()
    assert set(rooms) == {"front 0", "front 1", "ledger", "signer 0", "signer 1"}
    title = harness.run("ps", "-o", "args=", "-p", str(site.responder.process.pid)).stdout
    assert title.startswith("stillgood: warden")


def test_no_room_can_gain_privileges_or_leave_a_core(site):
    """doc/design.md, promise 4."""
    for name, pid in site.responder.children().items():
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            assert "NoNewPrivs:\t1\n" in file.read(), name
        with open(f"/proc/{pid}/limits", encoding="ascii") as file:
            core = next(line for line in file if line.startswith("Max core file size"))
            assert core.split()[4:6] == ["0", "0"], name


@pytest.mark.parametrize("room", ["front 0", "ledger", "signer 0"])
def test_a_revocation_that_commits_while_a_child_is_dead_reaches_every_memory(site, room):
    """I-1, I-2, doc/faults.md row 18: nobody was there to hear of it."""
    path = site.issue("meanwhile")
    load = Load(site, [site.request(path), site.request(path, os.urandom(16))])
    load.start()
    wait_for("good in the memory of both fronts",
             lambda: [answer for _, _, answer in load.history].count("good") >= 60)
    with site.pg.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT stillgood.revoke('Demo', %s, 'keyCompromise')",
                       (f"{load_serial(path):X}",))
        pid = site.responder.children()[room]
        os.kill(pid, signal.SIGKILL)
        connection.commit()
        committed = time.monotonic()
    wait_for(f"a new {room}", lambda: site.responder.children().get(room, pid) != pid)

    def late():
        """Asked when evidence from before the commit was too old already."""
        return [answer for asked, _, answer in load.history
                if asked > committed + FRESHNESS and answer == "good"]
    wait_for("revoked from everybody, or good too late",
             lambda: late() or {answer for _, _, answer in load.history[-60:]} == {"revoked"})
    load.finish()
    assert not late()


@pytest.mark.parametrize("room", ["front 0", "ledger", "signer 0"])
def test_a_killed_child_is_restarted_and_nothing_wrong_is_said(site, room):
    """doc/faults.md row 18: I-1, I-4, I-8."""
    good, revoked = site.issue("good"), site.issue("revoked")
    site.revoke(revoked)
    requests = [site.request(good), site.request(revoked), site.request(good, os.urandom(16)),
                site.request(revoked, os.urandom(16))]
    load = Load(site, requests)
    load.start()
    for _ in range(3):
        time.sleep(0.5)
        pid = site.responder.children()[room]
        os.kill(pid, signal.SIGKILL)
        wait_for(f"a new {room}",
                 lambda old=pid: site.responder.children().get(room, old) != old)
        wait_for("readiness", site.responder.ready)

    def whole_again():
        last = [answer for _, _, answer in load.history[-40:]]
        return len(last) == 40 and set(last) == {"good", "revoked"}
    wait_for("forty answers of which none is missing", whole_again)
    history = load.finish()
    answers = {answer for _, _, answer in history}
    assert answers <= {"good", "revoked", "try_later", None}, answers
    for _, number, answer in history:
        if number in (2, 0):  # the revoked certificate's requests
            assert answer != "good"
        else:
            assert answer != "revoked"
    assert site.responder.process.poll() is None


def test_a_revocation_changes_the_cached_answer_on_every_front(site):
    path = site.issue("live")
    request = site.request(path)
    for _ in range(20):
        assert site.ask(request) == "good"
    site.revoke(path)
    wait_for("the revocation", lambda: site.ask(request) == "revoked")
    assert {site.ask(request) for _ in range(40)} == {"revoked"}


def test_a_released_hold_is_good_again(site):
    path = site.issue("held")
    request = site.request(path)
    stillgood("hold", path, "--database", site.pg.conninfo)
    wait_for("the hold", lambda: site.ask(request) == "revoked")
    stillgood("release", path, "--database", site.pg.conninfo)
    wait_for("the release", lambda: site.ask(request) == "good")


def test_while_the_database_is_away_good_ends_at_the_bound_and_revoked_goes_on(site):
    """I-3; doc/design.md promise 3; doc/faults.md row 1."""
    good, revoked = site.issue("good"), site.issue("revoked")
    site.revoke(revoked)
    good_request, revoked_request = site.request(good), site.request(revoked)
    assert site.ask(good_request) == "good"
    wait_for("the revocation", lambda: site.ask(revoked_request) == "revoked")
    proven = site.proven(good)
    site.pg.kill()
    killed = time.time()
    # The data is proven until some moment from `proven` to `killed`; a good ends a bound after it.
    while (answer := site.ask(good_request)) == "good" or time.time() < killed + FRESHNESS + 0.3:
        asked = time.time()
        if answer == "try_later":
            assert asked >= proven + FRESHNESS, "cached answers go on until the bound"
        else:
            assert answer == "good"
        time.sleep(0.05)
    for _ in range(10):
        assert site.ask(good_request) == "try_later"
        assert site.ask(revoked_request) == "revoked"
        assert site.ask(site.request(revoked, os.urandom(8))) == "revoked"
    assert site.responder.get("readyz")[0] == 503
    assert site.responder.get("healthz")[0] == 200
    site.pg.start()
    wait_for("readiness", site.responder.ready)
    assert site.ask(good_request) == "good"


def test_a_revocation_during_the_outage_is_not_missed(site):
    """The database comes back with a change that no poll has seen."""
    path = site.issue("live")
    request = site.request(path)
    assert site.ask(request) == "good"
    stopped = site.responder.process.pid, site.responder.children()["ledger"]
    for pid in stopped:  # the warden too, which would start another ledger
        os.kill(pid, signal.SIGSTOP)
    site.revoke(path)
    site.pg.stop()
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    wait_for("the outage to be seen", lambda: site.responder.status()["alarms"])
    site.pg.start()
    wait_for("the revocation", lambda: site.ask(request) == "revoked")


def test_the_rooms_end_when_the_warden_is_killed(site):
    pids = site.responder.children().values()
    site.responder.process.kill()
    site.responder.process.wait(timeout=10)
    for pid in pids:
        wait_for(f"process {pid} to end", lambda p=pid: harness.gone(p))


def test_sigterm_finishes_what_is_in_flight_and_exits_0(site):
    path = site.issue("good")
    requests = [site.request(path, os.urandom(16)) for _ in range(50)]
    answers = []
    threads = [threading.Thread(target=lambda r=r: answers.append(site.ask(r))) for r in requests]
    for thread in threads:
        thread.start()
    wait_for("a first answer", lambda: "good" in answers)
    assert site.responder.stop() == 0
    for thread in threads:
        thread.join(timeout=harness.DEADLINE)
    assert set(answers) <= {"good", None}, answers
    assert "good" in answers


def test_unknown_becomes_good_soon_after_the_certificate_is_issued(site):
    path = site.ca.issue("later")
    request = site.request(path)
    assert site.ask(request) == "unknown"
    stillgood("import", "certs", path, "--database", site.pg.conninfo)
    wait_for("good", lambda: site.ask(request) == "good")


def test_a_compromised_ca_revokes_everything_at_once(site):
    """P-34"""
    one, two = site.issue("one"), site.issue("two")
    requests = [site.request(one), site.request(two)]
    assert [site.ask(request) for request in requests] == ["good", "good"]
    stillgood("revoke", "--all", "--yes", "--issuer", "Demo", "--reason", "cACompromise",
              "--database", site.pg.conninfo)
    wait_for("the revocation",
             lambda: [site.ask(request) for request in requests] == ["revoked", "revoked"])


def test_a_listening_port_that_is_taken_is_named(site):
    result = subprocess.run([harness.STILLGOOD, "serve", "-c", site.responder.conf],
                            capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 1
    assert "in use" in result.stderr or "another instance" in result.stderr, result.stderr
    assert site.responder.ready()
