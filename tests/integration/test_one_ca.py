"""Promise 7, doc/faults.md row 47: one CA's trouble is its own, at start and while running. A and B are good;
C has each trouble in turn: A is answered and the instance is ready, C is told tryLater, and file and reason
stand in `check`, log and status."""
import os
import re
import shutil
import tempfile

import pytest

import harness
from harness import DemoCA, stillgood, wait_for

TRY_LATER = bytes.fromhex("30030a0103")
SIGNER = ("keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\n"
          "authorityKeyIdentifier=keyid\n")


class Site:
    def __init__(self, folder, pg):
        self.folder, self.pg = folder, pg
        stillgood("db", "init", "--database", pg.conninfo)
        self.cas = {}
        for name in "ABC":
            ca = self.cas[name] = DemoCA(os.path.join(folder, name), name, key="P-256")
            stillgood("issuer", "add", ca.certificate, "--name", name, "--database", pg.conninfo)
            certificate = ca.issue("any")
            stillgood("import", "certs", certificate, "--database", pg.conninfo)
            harness.run("openssl", "ocsp", "-issuer", ca.certificate, "-cert", certificate,
                        "-no_nonce", "-reqout", ca.path("request"))
        self.number = 0

    def responder(self, options=None, name="C", server=None):
        """Changed options of C, in a folder of its own."""
        self.number += 1
        issuers = {n: dict(certificate=ca.certificate, signer_certificate=ca.signer_certificate,
                           signer_key=ca.signer_key) for n, ca in self.cas.items() if n != "C"}
        c = self.cas["C"]
        issuers[name] = {"certificate": c.certificate, "signer_certificate": c.signer_certificate,
                         "signer_key": c.signer_key, **(options or {})}
        return harness.Responder(os.path.join(self.folder, f"run {self.number}"), self.pg, issuers,
                                 server=server)

    def ask(self, responder, name):
        with open(self.cas[name].path("request"), "rb") as file:
            return responder.post(file.read())[1]


@pytest.fixture(scope="module")
def site():
    folder = tempfile.mkdtemp(prefix="stillgood-one-ca-", dir="/tmp")
    with harness.Postgres() as pg:
        yield Site(folder, pg)
    shutil.rmtree(folder, ignore_errors=True)


TROUBLES = {}


def trouble(kind, said, name="C"):
    def add(function):
        TROUBLES[function.__name__] = (function, kind, said, name)
        return function
    return add


@trouble("signer_unusable", r"expired: has expired|expired\.pem: expired at|no signer's")
def an_expired_signer(site):
    c = site.cas["C"]
    return {"signer_certificate": c.issue("expired", extensions=SIGNER, days=-1,
                                          key_file=c.signer_key)}


@trouble("signer_unusable", r"nowhere\.key: No such file")
def an_unreadable_key(site):
    return {"signer_key": os.path.join(site.folder, "nowhere.key")}


@trouble("signer_unusable", r"this is not the key of .*signer")
def a_mismatched_key(site):
    return {"signer_key": site.cas["A"].signer_key}


@trouble("signer_unusable", r"ca\.pem: (No such file|.*)")
def a_ca_file_that_is_gone(site):
    return {"certificate": os.path.join(site.folder, "gone", "ca.pem")}


@trouble("issuer_missing", r'registered as "C", not as "Cc"|"Cc"\] is not registered', "Cc")
def a_misspelt_section(site):
    return {}


@trouble("requestors_unusable", r"nowhere\.pem: No such file")
def requestors_that_are_gone(site):
    return {"signed_requests": "require",
            "requestors": os.path.join(site.folder, "nowhere.pem")}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_at_start_the_others_are_answered_and_ready(site, trouble):
    function, kind, said, name = TROUBLES[trouble]
    made = site.responder(function(site), name)
    checked = stillgood("check", "-c", made.conf, check=False)
    assert checked.returncode == 1 and re.search(said, checked.stdout), checked.stdout
    assert "answers tryLater for this issuer until that is mended" in checked.stdout
    with made:
        for other in "AB":
            wait_for(f"{other} to be answered",
                     lambda: site.ask(made, other)[:2] != TRY_LATER[:2], 60)
            assert made.get(f"readyz/{other}") == (200, b"ok\n")
        status = made.status()
        assert status["ready"], status["reason"]
        alarms = [a for a in status["alarms"] if a["issuer"] == name]
        expected = "signer_expired" if trouble == "an_expired_signer" else kind
        assert [a["kind"] for a in alarms] == [expected], status["alarms"]
        assert re.search(said, alarms[0]["text"]), alarms
        wait_for("the log", lambda: f'alarm={expected} issuer="{name}"' in made.log())
        assert made.log().count(f'alarm={expected} issuer="{name}"') == 1, "once"
        shown = stillgood("status", "-c", made.conf)
        assert shown.returncode == 0 and f"alarm      {expected} of {name} since" in shown.stdout
        if kind == "requestors_unusable":
            return  # nothing but its signed requests
        assert site.ask(made, "C") == TRY_LATER
        code, body = made.get(f"readyz/{name}")
        assert code == 503 and body != b"ok\n"
        assert made.get("readyz") == (200, b"ok\ndegraded: an issuer is not answered\n")
        assert made.get("readyz/nobody")[0] == 404


def test_strict_start_refuses_as_it_was(site):
    made = site.responder(an_unreadable_key(site), server={"strict_start": "yes"})
    checked = stillgood("check", "-c", made.conf, check=False)
    assert "[serve refuses to start]" in checked.stdout
    made.start(ready=False)
    wait_for("it to end", lambda: made.process.poll() is not None, 60)
    assert made.process.returncode == 1 and "nowhere.key: No such file" in made.log()


def test_with_no_other_issuer_it_refuses_as_it_was(site):
    c = site.cas["C"]
    made = harness.Responder(os.path.join(site.folder, "alone"), site.pg, {"C": {
        "certificate": c.certificate, "signer_certificate": c.signer_certificate,
        **an_unreadable_key(site)}})
    made.start(ready=False)
    wait_for("it to end", lambda: made.process.poll() is not None, 60)
    assert made.process.returncode == 1 and "nowhere.key: No such file" in made.log()


def replace_certificate(pg, der):
    """Beside the triggers, as a superuser may."""
    with pg.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; UPDATE stillgood.issuer SET "
                       "certificate = %s, version = version + 1 WHERE name = 'C'; INSERT INTO "
                       "stillgood.change_log (issuer, version, status) SELECT id, version, 0 FROM "
                       "stillgood.issuer WHERE name = 'C'", (der,))


def test_a_row_that_is_corrupt_while_running(site):
    """doc/faults.md rows 41 and 47: and it is over when the row is mended."""
    with site.responder() as made:
        wait_for("C", lambda: made.get("readyz/C")[0] == 200)
        whole = bytes(site.pg.sql("SELECT certificate FROM stillgood.issuer WHERE name = 'C'")[0][0])
        replace_certificate(site.pg, b"\x30\x00")
        wait_for("the trouble", lambda: made.get("readyz/C")[0] == 503)
        assert made.get("readyz/C")[1] == b"its row in the database cannot be understood\n"
        assert made.get("readyz")[0] == 200 and made.get("readyz/A")[0] == 200
        assert site.ask(made, "C") == TRY_LATER and site.ask(made, "A") != TRY_LATER
        assert [a["kind"] for a in made.status()["alarms"]] == ["issuer_unreadable"]
        replace_certificate(site.pg, whole)
        wait_for("its end", lambda: made.get("readyz/C")[0] == 200)
        wait_for("it to be told", lambda: "it has ended: issuer \"C\"" in made.log())
        assert made.status()["alarms"] == [] and site.ask(made, "C") != TRY_LATER
