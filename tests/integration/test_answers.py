"""What answers say and whom they are given for, end to end: doc/protocol.md B and C.

A root with a sub-CA, read back by a strict parser that others wrote (asn1crypto) and verified by
`stillgood ask` or OpenSSL.
"""
import datetime
import hashlib
import os
import time

import pytest
from asn1crypto import core, ocsp, x509, pem

import harness
from harness import run, stillgood

UNAUTHORIZED = bytes.fromhex("30030a0106")
SCTS = b"\x00\x07\x00\x05" + b"v1sct"
CERT_HASH, SCT_LIST = "1.3.36.8.3.13", "1.3.6.1.4.1.11129.2.4.5"
UTC = datetime.timezone.utc


def certificate(path):
    with open(path, "rb") as file:
        return x509.Certificate.load(pem.unarmor(file.read())[2], strict=True)


class Reply:
    """One response, strictly parsed; re-encoding it gives the same bytes (P-24)."""

    def __init__(self, der):
        self.der = der
        response = ocsp.OCSPResponse.load(der, strict=True)
        assert response["response_status"].native == "successful", response.native
        assert response.copy().dump(force=True) == der
        self.basic = response.basic_ocsp_response
        self.data = response.response_data
        self.single = self.data["responses"][0]
        self.status = self.single["cert_status"].name
        self.extensions = {
            e["extn_id"].dotted: e["extn_value"].native and e["extn_value"].contents
            for e in self.single["single_extensions"] or []}
        assert not any(e["critical"].native for e in self.single["single_extensions"] or [])

    def certs(self):
        return [c.dump() for c in self.basic["certs"] or []]


def ask(responder, ca, path):
    """The response's bytes for one certificate, asked for by OpenSSL."""
    request = os.path.join(responder.folder, "request.der")
    run("openssl", "ocsp", "-issuer", ca, "-cert", path, "-no_nonce", "-reqout", request)
    with open(request, "rb") as file:
        status, body, _ = responder.post(file.read())
    assert status == 200
    return body


def verified(responder, ca, path):
    """What OpenSSL's own client says, trusting only the CA's certificate."""
    result = run("openssl", "ocsp", "-issuer", ca, "-cert", path, "-url", responder.url, "-CAfile",
                 ca, "-partial_chain", "-no_nonce", check=False)
    return result.stdout + result.stderr


def register(pg, name, path):
    stillgood("issuer", "add", path, "--name", name, "--database", pg.conninfo)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Root and sub-CA with signers of their own, certificates in the database, one configuration."""
    folder = str(tmp_path_factory.mktemp("answers"))
    with harness.Postgres() as pg:
        root = harness.DemoCA(os.path.join(folder, "root"), name="Root", key="P-256",
                              signer_key="rsa:4096")
        sub = harness.DemoCA(os.path.join(folder, "sub"), name="Sub", key="P-256")
        sub.certificate = root.issue("sub", key_file=sub.path("ca.key"), extensions=(
            "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
            "subjectKeyIdentifier=hash\n"))
        # Signed by the sub-CA under its new name.
        sub.signer_certificate = sub.issue("signer", key_file=sub.signer_key, extensions=(
            "keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\n"))
        other = harness.DemoCA(os.path.join(folder, "other"), name="Other", key="P-256")
        stillgood("db", "init", "--database", pg.conninfo)
        register(pg, "Root", root.certificate)
        register(pg, "Sub", sub.certificate)
        for name in ("good", "revoked", "expired"):
            sub.issue(name)
        root.issue("of-root")
        stillgood("import", "certs", sub.certificate, sub.path("good.pem"), sub.path("revoked.pem"),
                  sub.path("expired.pem"), root.path("of-root.pem"), "--database", pg.conninfo)
        other.issue("stranger")
        with open(root.path("chain.pem"), "wb") as chain:
            for path in (sub.certificate, root.certificate):
                with open(path, "rb") as file:
                    chain.write(file.read())
        yield pg, root, sub, other, folder


def section(ca, **more):
    return {"certificate": ca.certificate, "signer_certificate": ca.signer_certificate,
            "signer_key": ca.signer_key, **more}


def serial(path):
    number = certificate(path).serial_number
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


@pytest.fixture(scope="module")
def site(world):
    pg, root, sub, other, folder = world
    assert pg.sql("SELECT stillgood.store_scts('Sub', %s, %s)",
                  (serial(sub.path("good.pem")), SCTS)) == [(True,)]
    crl = pg.sql("SELECT stillgood.record_crl('Sub', %s, 'http://crl.example/sub.crl',"
                 " '2026-02-03T04:05:06Z')", (b"\x00\x99",))[0][0]
    pg.sql("SELECT stillgood.revoke('Sub', %s, 'superseded', invalidity_at => '2026-01-31Z')",
           (serial(sub.path("revoked.pem")),))
    pg.sql("SELECT stillgood.set_crl('Sub', %s, %s)", (serial(sub.path("revoked.pem")), crl))
    issuers = {
        "Root": section(root),
        "Sub": section(sub, cert_hash="yes", crl_id="yes", sct_list="yes", archive_cutoff="issuer",
                       chain=root.path("chain.pem")),
    }
    with harness.Responder(os.path.join(folder, "site"), pg, issuers, server={
            "unknown_issuer": "unknown", "default_issuer": "Root"}) as responder:
        yield responder


def test_good_carries_its_hash_its_scts_and_the_archive_cutoff(world, site):
    """P-24, P-27, P-30"""
    pg, root, sub, *_ = world
    path = sub.path("good.pem")
    reply = Reply(ask(site, sub.certificate, path))
    assert reply.status == "good"
    assert set(reply.extensions) == {CERT_HASH, SCT_LIST, "1.3.6.1.5.5.7.48.1.6"}
    assert hashlib.sha256(certificate(path).dump()).digest() in reply.extensions[CERT_HASH]
    assert core.OctetString.load(reply.extensions[SCT_LIST], strict=True).native == SCTS
    cutoff = reply.single["single_extensions"][0]["extn_value"].parsed.native
    assert cutoff == certificate(sub.certificate).not_valid_before
    produced, this_update, next_update = (
        reply.data["produced_at"].native, reply.single["this_update"].native,
        reply.single["next_update"].native)
    assert this_update <= produced < next_update
    assert (next_update - this_update).total_seconds() == 8 * 3600 - 1
    assert ": good" in verified(site, sub.certificate, path)


def test_revoked_names_the_crl_that_brought_it(world, site):
    """P-29, P-30: from the revoked set, with what the lookup adds."""
    pg, root, sub, *_ = world
    path = sub.path("revoked.pem")
    reply = Reply(ask(site, sub.certificate, path))
    assert reply.status == "revoked"
    assert reply.single["cert_status"].chosen["revocation_reason"].native == "superseded"
    crl = next(e["extn_value"].parsed for e in reply.single["single_extensions"]
               if e["extn_id"].dotted == "1.3.6.1.5.5.7.48.1.3")
    assert crl["crl_url"].native == "http://crl.example/sub.crl"
    assert crl["crl_num"].native == 0x99
    assert crl["crl_time"].native == datetime.datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert CERT_HASH in reply.extensions and SCT_LIST not in reply.extensions
    assert "2.5.29.24" in reply.extensions and "2.5.29.21" not in reply.extensions
    assert ": revoked" in verified(site, sub.certificate, path)


def test_a_later_reason_or_crl_changes_the_answer_at_once(world, site):
    """P-29, P-30"""
    pg, root, sub, *_ = world
    octets = serial(sub.path("revoked.pem"))
    pg.sql("SELECT stillgood.revoke('Sub', %s, 'keyCompromise')", (octets,))
    later = pg.sql("SELECT stillgood.record_crl('Sub', %s)", (b"\x01\x00",))[0][0]
    pg.sql("SELECT stillgood.set_crl('Sub', %s, %s)", (octets, later))

    def changed():
        reply = Reply(ask(site, sub.certificate, sub.path("revoked.pem")))
        reason = reply.single["cert_status"].chosen["revocation_reason"].native
        number = [e["extn_value"].parsed["crl_num"].native for e in
                  reply.single["single_extensions"] if e["extn_id"].native == "crl"]
        return reason == "key_compromise" and number == [0x100]
    harness.wait_for("the later reason and CRL", changed)


def test_the_chain_follows_the_signer_and_fits_a_buffer(world, site):
    """P-26, P-31"""
    pg, root, sub, *_ = world
    der = ask(site, sub.certificate, sub.path("good.pem"))
    assert Reply(der).certs() == [certificate(p).dump() for p in (
        sub.signer_certificate, sub.certificate, root.certificate)]
    assert len(der) < 9000


def test_a_plain_answer_of_an_rsa_4096_signer_fits_a_staplers_buffer(world, site):
    """P-25, P-26, P-31: the whole HTTP answer, and no responseExtensions."""
    pg, root, *_ = world
    der = ask(site, root.certificate, root.path("of-root.pem"))
    reply = Reply(der)
    assert reply.basic["signature"].native and len(reply.basic["signature"].native) == 512
    assert reply.certs() == [certificate(root.signer_certificate).dump()]
    assert not reply.data["response_extensions"]
    assert reply.data["responder_id"].name == "by_key"
    assert len(der) + 600 < 10240


def test_a_sub_ca_is_answered_under_its_parent(world, site):
    """P-32"""
    pg, root, sub, *_ = world
    assert Reply(ask(site, root.certificate, sub.certificate)).status == "good"
    assert ": good" in verified(site, root.certificate, sub.certificate)
    # P-8: the root's name with the sub-CA's key, which is what OpenSSL asks for here, is nobody.
    assert Reply(ask(site, sub.certificate, sub.certificate)).status == "unknown"


def test_what_no_one_here_knows_is_unknown_under_the_default_issuer(world, site):
    """P-22: signed by Root's signer; a known issuer beside it is not answered."""
    pg, root, sub, other, _ = world
    reply = Reply(ask(site, other.certificate, other.path("stranger.pem")))
    assert reply.status == "unknown" and not reply.extensions
    assert reply.certs() == [certificate(root.signer_certificate).dump()]
    request = os.path.join(site.folder, "two.der")
    run("openssl", "ocsp", "-issuer", other.certificate, "-cert", other.path("stranger.pem"),
        "-issuer", root.certificate, "-cert", root.path("of-root.pem"), "-no_nonce", "-reqout",
        request)
    with open(request, "rb") as file:
        assert site.post(file.read())[1] == UNAUTHORIZED


def revocations_known(responder):
    ledger, = (room for room in responder.status()["rooms"] if room["name"] == "ledger")
    return ledger["status"]["revoked"]


def test_revoked_is_answered_without_the_database(world, site):
    """P-21, P-30: what only the database knows is then left out."""
    pg, root, sub, *_ = world
    path = sub.issue("revoked-alone")
    stillgood("import", "certs", path, "--database", pg.conninfo)
    known = revocations_known(site)
    pg.sql("SELECT stillgood.revoke('Sub', %s)", (serial(path),))
    # Asking for it now would cache its facts.
    harness.wait_for("the feed to bring it", lambda: revocations_known(site) > known)
    pg.kill()
    try:
        reply = Reply(ask(site, sub.certificate, path))
        assert reply.status == "revoked" and CERT_HASH not in reply.extensions
    finally:
        pg.start()
    harness.wait_for("the responder to be ready", site.ready)


def test_a_closed_ca_is_revoked_as_a_whole(world, site):
    """P-33, P-34: also what expired, and in spite of every option."""
    pg, root, sub, *_ = world
    pg.sql("UPDATE stillgood.certificate SET not_after = '2026-01-01Z' WHERE serial = %s",
           (serial(sub.path("expired.pem")),))
    pg.sql("SELECT stillgood.revoke_issuer('Sub', 'cessationOfOperation')")

    def revoked():
        replies = [Reply(ask(site, sub.certificate, sub.path(name + ".pem")))
                   for name in ("good", "expired", "revoked")]
        return all(reply.status == "revoked" for reply in replies)
    harness.wait_for("the whole issuer to be revoked", revoked)
    assert Reply(ask(site, root.certificate, root.path("of-root.pem"))).status == "good"


def test_a_retired_ca_is_answered_until_its_retention_ends(world):
    """P-33, with a CA certificate that has expired: its signer has not."""
    pg, root, sub, other, folder = world
    old = harness.DemoCA(os.path.join(folder, "old"), name="Old", key="P-256")
    run("openssl", "req", "-x509", "-new", "-key", old.path("ca.key"), *harness.lasting(-1), "-subj",
        "/C=JP/O=Stillgood/CN=Old CA", "-utf8", "-sha256", "-out", old.certificate, check=False)
    register(pg, "Old", old.certificate)
    path = old.issue("of-old")
    stillgood("import", "certs", path, "--database", pg.conninfo)
    soon = datetime.datetime.now(UTC) + datetime.timedelta(seconds=40)
    with harness.Responder(os.path.join(folder, "retired"), pg, {"Old": section(
            old, retired_until=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))}) as responder:
        reply = Reply(ask(responder, old.certificate, path))
        assert reply.status == "good"
        assert reply.single["next_update"].native <= soon, "no answer outlives the retention"
        harness.wait_for("the end of retention", lambda: ask(
            responder, old.certificate, path) == UNAUTHORIZED, pause=0.5)


@pytest.mark.parametrize("options,words", [
    ({"chain": "signer.pem"}, "did not issue the one before it"),
    ({"chain": "nowhere.pem"}, "No such file"),
])
def test_a_chain_that_is_none_is_refused_before_it_is_served(world, options, words):
    """P-26"""
    pg, root, sub, other, folder = world
    options = {name: root.path(value) for name, value in options.items()}
    responder = harness.Responder(os.path.join(folder, "refused"), pg, {
        "Root": section(root, **options)})
    result = stillgood("check", "-c", responder.conf, check=False)
    assert result.returncode == 1 and words in result.stdout + result.stderr
