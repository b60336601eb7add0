"""How long answers are true, end to end: no cache says more than the verdict knew (P-23, P-27, P-28, P-53)."""
import base64
import datetime
import os
import re
import time
import urllib.parse
import urllib.request

import pytest
from asn1crypto import ocsp, pem, x509

import harness
from harness import run, stillgood

UTC = datetime.timezone.utc
UNAUTHORIZED = bytes.fromhex("30030a0106")


class Reply:
    def __init__(self, body, headers):
        self.body, self.headers = body, headers
        response = ocsp.OCSPResponse.load(body, strict=True)
        self.result = response["response_status"].native
        self.single = response.response_data["responses"][0] if self.result == "successful" else None
        self.status = self.single["cert_status"].name if self.single else None

    @property
    def next_update(self):
        return self.single["next_update"].native

    @property
    def life(self):
        return (self.next_update - self.single["this_update"].native).total_seconds()

    @property
    def reason(self):
        return self.single["cert_status"].chosen["revocation_reason"].native

    @property
    def max_age(self):
        return int(re.match(r"max-age=(\d+)", self.headers["Cache-Control"])[1])


class World:
    def __init__(self, folder, pg):
        self.folder, self.pg = folder, pg
        self.ca = harness.DemoCA(os.path.join(folder, "ca"), key="P-256")
        stillgood("db", "init", "--database", pg.conninfo)
        stillgood("issuer", "add", self.ca.certificate, "--name", "Demo", "--database", pg.conninfo)

    def responder(self, name, server=None, **options):
        section = {"certificate": self.ca.certificate, "signer_key": self.ca.signer_key,
                   "signer_certificate": self.ca.signer_certificate, **options}
        return harness.Responder(os.path.join(self.folder, name), self.pg, {"Demo": section},
                                 server=server)

    def ask(self, responder, serial):
        """By GET, as HTTP caches and staplers do."""
        out = os.path.join(self.folder, "request.der")
        run("openssl", "ocsp", "-issuer", self.ca.certificate, "-serial", hex(serial), "-no_nonce",
            "-reqout", out)
        with open(out, "rb") as file:
            path = urllib.parse.quote(base64.b64encode(file.read()).decode("ascii"), safe="")
        with urllib.request.urlopen(responder.url + path, timeout=10) as reply:
            return Reply(reply.read(), reply.headers)

    def write(self, function, serial, *more):
        words = "".join(", %s" for _ in more)
        octets = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
        self.pg.sql(f"SELECT stillgood.{function}('Demo', %s::bytea{words})", (octets, *more))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with harness.Postgres() as pg:
        yield World(str(tmp_path_factory.mktemp("lifetimes")), pg)


def end_of(path):
    with open(path, "rb") as file:
        return x509.Certificate.load(pem.unarmor(file.read())[2], strict=True).not_valid_after


@pytest.mark.parametrize("unassigned, serial", [("unknown", 0x230001), ("revoked", 0x230002)])
def test_an_issuance_overtakes_what_was_said_before_it(world, unassigned, serial):
    """P-23, P-50: said without a row, it is for no HTTP cache and not long in ours."""
    with world.responder(f"unassigned-{unassigned}", unassigned=unassigned) as responder:
        reply = world.ask(responder, serial)
        assert reply.status == unassigned
        assert reply.headers["Cache-Control"] == "no-store" and "Expires" not in reply.headers
        world.write("issue", serial)
        harness.wait_for("the issuance", lambda: world.ask(responder, serial).status == "good")
        assert world.ask(responder, serial).max_age > 0


def test_what_no_crl_proves_is_not_kept(world):
    """P-22, P-23: of an issuer that is known by its CRLs, with a row or without; what one proves is."""
    with world.responder("crl-only", complete="no") as responder:
        world.write("issue", 0x231002)
        for serial in (0x231001, 0x231002):
            reply = world.ask(responder, serial)
            assert reply.status is None and reply.headers["Cache-Control"] == "no-store"
        world.pg.sql("SELECT stillgood.record_crl_window('Demo', date_trunc('second', now()),"
                     " date_trunc('second', now()) + interval '1 hour')")
        for serial in (0x231001, 0x231002):
            harness.wait_for("the CRL", lambda serial=serial: world.ask(responder, serial).status == "good")
            assert 0 < world.ask(responder, serial).max_age <= 3600


def test_a_good_ends_with_its_certificate_where_expired_ones_are_refused(world):
    """P-22, P-23: in HTTP caches and in ours, though the answer itself would last longer."""
    with world.responder("expired", expired="unauthorized", outlive="yes") as responder:
        for serial in range(0x232001, 0x232010):  # on a slow machine not the first
            end = datetime.datetime.now(UTC).replace(microsecond=0) + datetime.timedelta(seconds=6)
            world.write("issue", serial, end)
            reply = world.ask(responder, serial)
            if reply.status == "good":
                break
        now = datetime.datetime.strptime(reply.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT")
        kept = now.replace(tzinfo=UTC) + datetime.timedelta(seconds=reply.max_age)
        assert kept <= end + datetime.timedelta(seconds=1) < reply.next_update
        while datetime.datetime.now(UTC) < end + datetime.timedelta(seconds=1):
            assert world.ask(responder, serial).status in ("good", None)
            time.sleep(0.2)
        assert world.ask(responder, serial).body == UNAUTHORIZED


def test_a_certificate_of_a_day_always_has_a_staple(world):
    """P-27: CertMagic refuses one whose nextUpdate is after the certificate's end."""
    path = world.ca.issue("day", serial=0x233001, days=1)
    long = world.ca.issue("year", serial=0x233002)
    stillgood("import", "certs", path, long, "--database", world.pg.conninfo)
    with world.responder("day", validity="7d") as responder:
        staple = world.ask(responder, 0x233001)
        assert staple.status == "good" and staple.next_update == end_of(path)
        assert world.ask(responder, 0x233002).life == 7 * 86400 - 1
    with world.responder("outlive", validity="7d", outlive="yes") as responder:
        assert world.ask(responder, 0x233001).life == 7 * 86400 - 1


def test_validity_counts_both_ends(world):
    """P-27: ten days are 863,999 seconds."""
    world.write("issue", 0x234001)
    with world.responder("ten-days", validity="10d") as responder:
        assert world.ask(responder, 0x234001).life == 863999


def test_final_answers_are_for_what_is_recorded_and_not_on_hold(world):
    """P-53, F-qualified: here until the signer ends, which is in a year."""
    for serial in (0x235001, 0x235002, 0x235003):
        world.write("issue", serial)
    world.write("revoke", 0x235002, "cessationOfOperation")
    world.write("hold", 0x235003)
    final = end_of(world.ca.signer_certificate)
    with world.responder("final", profile="qualified", final_answers="yes") as responder:
        for serial, status, is_final in ((0x235001, "good", True), (0x235002, "revoked", True),
                                         (0x235003, "revoked", False),
                                         (0x235004, "unknown", False)):
            reply = world.ask(responder, serial)
            assert reply.status == status
            assert (reply.next_update == final) == is_final
            assert is_final or reply.life == 8 * 3600 - 1


def test_a_qualified_ca_answers_after_expiry_about_this_very_certificate(world):
    """F-qualified, P-30, P-33: EN 319 411-2: archiveCutoff is the beginning of the CA's certificate,
    certHash the positive statement."""
    path = world.ca.issue("expired", serial=0x236001)
    stillgood("import", "certs", path, "--database", world.pg.conninfo)
    world.pg.sql("UPDATE stillgood.certificate SET not_after = '2026-01-01Z' WHERE serial = %s",
                 (b"\x23\x60\x01",))
    with open(world.ca.certificate, "rb") as file:
        ca = x509.Certificate.load(pem.unarmor(file.read())[2])
    with world.responder("qualified", profile="qualified") as responder:
        reply = world.ask(responder, 0x236001)
    assert reply.status == "good" and reply.life == 8 * 3600 - 1
    extensions = {e["extn_id"].dotted: e["extn_value"] for e in reply.single["single_extensions"]}
    assert extensions["1.3.6.1.5.5.7.48.1.6"].parsed.native == ca.not_valid_before
    assert "1.3.36.8.3.13" in extensions


def test_a_suspension_never_ends_where_the_ca_says_so(world):
    """F-qualified, P-29: released in the database, it is said on, with an alarm; only a revocation
    follows it."""
    serial = 0x237001
    world.write("issue", serial)
    world.write("hold", serial)
    with world.responder("no-release", hold_releasable="no", nonce="ignore") as responder:
        assert world.ask(responder, serial).reason == "certificate_hold"
        world.write("release", serial)
        harness.wait_for("the alarm", lambda: "it stays on hold" in responder.log())
        assert world.ask(responder, serial).reason == "certificate_hold"
        world.write("revoke", serial, "keyCompromise")
        harness.wait_for("the revocation",
                         lambda: world.ask(responder, serial).reason == "key_compromise")
        found = stillgood("check", "-c", responder.conf, check=False).stdout
        assert "hold_releasable = no" in found and "as long as this process remembers" in found


def test_check_foretells_answers_too_large_for_a_staple(world):
    """P-31: here because of the chain's certificate."""
    ca = harness.DemoCA(os.path.join(world.folder, "wordy"), name="Wordy", key="P-256")
    run("openssl", "req", "-x509", "-new", "-key", ca.path("ca.key"), "-days", "3650", "-subj",
        "/C=JP/O=Stillgood/CN=Wordy CA", "-utf8", "-addext", "keyUsage=critical,keyCertSign",
        "-addext", "nsComment=" + "x" * 9500, "-out", ca.certificate)
    stillgood("issuer", "add", ca.certificate, "--name", "Wordy", "--database", world.pg.conninfo)
    section = {"certificate": ca.certificate, "signer_key": ca.signer_key,
               "signer_certificate": ca.signer_certificate}
    for name, more, warned in (("short", {}, False), ("long", {"chain": ca.certificate}, True)):
        responder = harness.Responder(os.path.join(world.folder, name), world.pg,
                                      {"Wordy": {**section, **more}})
        result = stillgood("check", "-c", responder.conf, check=False)
        assert result.returncode == 0
        assert ("do not fit the 10,240 octets" in result.stdout) == warned
