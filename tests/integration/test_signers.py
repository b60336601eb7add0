"""Several signers of one issuer: the choice by a client's preference, and the hand-over from one to the
next by the real clock; each signature verified by OpenSSL."""
import datetime
import os
import signal
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import harness
from harness import run, stillgood

PREFERRED = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.8")
SHA1_RSA = "1.2.840.113549.1.1.5"
SHA256_RSA = "1.2.840.113549.1.1.11"
SHA384_RSA = "1.2.840.113549.1.1.12"
PSS = "1.2.840.113549.1.1.10"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
ED25519 = "1.3.101.112"


def load(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


def load_key(path):
    with open(path, "rb") as file:
        return serialization.load_pem_private_key(file.read(), None)


def der(tag, *parts):
    content = b"".join(parts)
    assert len(content) < 128
    return bytes([tag, len(content)]) + content


def oid(text):
    first, second, *rest = map(int, text.split("."))
    octets = [first * 40 + second]
    for arc in rest:
        groups = [arc & 0x7f]
        while arc := arc >> 7:
            groups.insert(0, 0x80 | arc & 0x7f)
        octets += groups
    return der(6, bytes(octets))


def request(ca, certificate, *preferred):
    """An OCSPRequest with the preferred signature algorithms of RFC 6960, 4.4.7.1."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        load(certificate), load(ca.certificate), hashes.SHA1())
    if preferred:
        value = der(0x30, *(der(0x30, der(0x30, oid(name))) for name in preferred))
        builder = builder.add_extension(x509.UnrecognizedExtension(PREFERRED, value), False)
    return builder.build().public_bytes(serialization.Encoding.DER)


def algorithm(responder, ca, certificate, *preferred):
    """That of the answer, after OpenSSL verified it."""
    question = request(ca, certificate, *preferred)
    status, body, _ = responder.post(question)
    assert status == 200
    path = os.path.join(responder.folder, "answer")
    with open(path, "wb") as file:
        file.write(body)
    verified = run("openssl", "ocsp", "-respin", path, "-CAfile", ca.certificate,
                   "-issuer", ca.certificate, "-cert", certificate, "-no_nonce")
    assert "Response verify OK" in verified.stderr + verified.stdout
    assert f"{certificate}: good" in verified.stdout
    return ocsp.load_der_ocsp_response(body).signature_algorithm_oid.dotted_string


def delegate(ca, name, seconds, starts=-3600, key="P-256"):
    """A signer's certificate that ends to the second; {certificate, key} for the configuration."""
    ca._key(ca.path(f"{name}.key"), key)
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    issuer = load(ca.certificate)
    made = (x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer.subject).serial_number(x509.random_serial_number())
            .public_key(load_key(ca.path(f"{name}.key")).public_key())
            .not_valid_before(now + datetime.timedelta(seconds=starts))
            .not_valid_after(now + datetime.timedelta(seconds=seconds))
            .add_extension(x509.KeyUsage(True, *[False] * 8), True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
            .add_extension(x509.OCSPNoCheck(), False)
            .sign(load_key(ca.path("ca.key")), hashes.SHA256()))
    with open(ca.path(f"{name}.pem"), "wb") as file:
        file.write(made.public_bytes(serialization.Encoding.PEM))
    return {"certificate": ca.path(f"{name}.pem"), "key": ca.path(f"{name}.key")}


@pytest.fixture(scope="module")
def pg():
    with harness.Postgres() as server:
        stillgood("db", "init", "--database", server.conninfo)
        yield server


def make_ca(pg, folder, name, key="rsa:2048"):
    ca = harness.DemoCA(os.path.join(folder, name), name=name, key=key)
    stillgood("issuer", "add", ca.certificate, "--name", name, "--database", pg.conninfo)
    stillgood("import", "certs", ca.issue("good"), "--database", pg.conninfo)
    return ca


@pytest.fixture(scope="module")
def choice(pg, tmp_path_factory):
    """One issuer with four ways to sign, another one with a single way."""
    folder = str(tmp_path_factory.mktemp("choice"))
    ca, single = make_ca(pg, folder, "Choice"), make_ca(pg, folder, "Single")
    day = 86400
    signers = {
        "ecdsa": delegate(ca, "ecdsa", 100 * day),
        "eddsa": delegate(ca, "eddsa", 100 * day, key="ed25519"),
        "pss": {"certificate": ca.signer_certificate, "key": ca.signer_key,
                "signature": "pss-sha256"},
    }
    for options in signers.values():
        options["issuer"] = "Choice"
    with harness.Responder(folder, pg, {"Choice": ca, "Single": single}, signers=signers) as made:
        yield made, ca, single


@pytest.mark.parametrize("preferred,expected", [
    ([], SHA256_RSA),
    ([ECDSA_SHA256], ECDSA_SHA256),
    ([ED25519, ECDSA_SHA256], ED25519),
    ([PSS], PSS),
    ([SHA256_RSA, ECDSA_SHA256], SHA256_RSA),
    ([SHA1_RSA], SHA256_RSA),
    ([SHA1_RSA, ECDSA_SHA256], ECDSA_SHA256),
    ([SHA384_RSA, "1.2.3.4"], SHA256_RSA),
])
def test_the_first_choice_that_there_is_signs_and_a_weak_one_never(choice, preferred, expected):
    """P-17, P-36: asked twice, so that the stored answer is the right one too."""
    responder, ca, _ = choice
    for _ in range(2):
        assert algorithm(responder, ca, ca.path("good.pem"), *preferred) == expected


def test_an_issuer_without_a_choice_signs_as_it_can(choice):
    """P-17"""
    responder, _, single = choice
    assert algorithm(responder, single, single.path("good.pem"), ECDSA_SHA256) == SHA256_RSA


def test_pss_is_verified_by_others_too(choice):
    """P-36: RFC 4055's parameters, read and verified by another implementation."""
    responder, ca, _ = choice
    _, body, _ = responder.post(request(ca, ca.path("good.pem"), PSS))
    answer = ocsp.load_der_ocsp_response(body)
    from cryptography.hazmat.primitives.asymmetric import padding
    answer.certificates[0].public_key().verify(
        answer.signature, answer.tbs_response_bytes,
        padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())


def test_wishes_that_change_nothing_cost_no_signature(choice):
    """P-17: neither unknown nor weak preferences multiply what is signed or stored."""
    responder, ca, _ = choice
    certificate = ca.path("good.pem")
    algorithm(responder, ca, certificate)

    def signatures():
        rooms = {room["name"]: room["status"] for room in responder.status()["rooms"]}
        return rooms["ledger"]["signatures"], rooms["ledger"]["queries"]
    before = signatures()
    for arc in range(20):
        algorithm(responder, ca, certificate, f"1.2.3.{arc}", SHA1_RSA)
    assert signatures() == before, "the front answered from its memory"


LIFE = 45  # of the signers that end; long enough for a busy machine to start under them
SHORT = {"server": {"max_age": "2s"}, "defaults": {"validity": "10s"},
         "database": {"freshness": "2s", "query_timeout": "1s"}}


def signers_of(responder, issuer):
    for room in responder.status()["rooms"]:
        if room["name"].startswith("signer"):
            found = next(i for i in room["status"]["issuers"] if i["name"] == issuer)
            return found, {s["name"]: s["state"] for s in found["signers"]}
    raise AssertionError("no signer room")


def test_the_next_takes_over_in_time_and_an_end_without_next_is_named(pg, tmp_path):
    """P-37: A's first signer hands over before its end; B's only one ends, which concerns B alone
    (I-9; doc/faults.md rows 22 and 47), also when the signer's process has to start anew."""
    a, b = make_ca(pg, str(tmp_path), "A", "P-256"), make_ca(pg, str(tmp_path), "B", "P-256")
    first, last = delegate(a, "first", LIFE), delegate(b, "last", LIFE)
    end = time.time() + LIFE
    issuers = {name: {"certificate": ca.certificate, "signer_certificate": pair["certificate"],
                      "signer_key": pair["key"]}
               for name, ca, pair in (("A", a, first), ("B", b, last))}
    signers = {"next": {"issuer": "A", **delegate(a, "next", 86400, key="rsa:2048")}}
    with harness.Responder(str(tmp_path / "run"), pg, issuers, signers=signers, **SHORT) as made:
        assert algorithm(made, a, a.path("good.pem")) == ECDSA_SHA256
        assert signers_of(made, "A")[1] == {"A": "current", "next": "ready"}
        assert "no signer after" in signers_of(made, "B")[0]["warning"]
        shown = stillgood("status", "--socket", made.control_socket).stdout
        assert "next, RSA-2048, ready until 20" in shown and "warning: B: no signer after" in shown
        harness.wait_for("the next signer", lambda: algorithm(
            made, a, a.path("good.pem")) == SHA256_RSA, pause=0.2)
        assert time.time() < end, "before the first one's end"
        assert signers_of(made, "A")[1] == {"A": "ready", "next": "current"}
        harness.wait_for("B to be without signer", lambda: made.get("readyz/B")[0] == 503)
        assert made.get("readyz/B")[1] == b"no valid signer\n"
        assert made.get("readyz") == (200, b"ok\ndegraded: an issuer is not answered\n")
        assert made.get("readyz/A") == (200, b"ok\n") and made.get("readyz/C")[0] == 404
        assert "nothing valid to sign with: issuer: B" in made.status()["degraded"]
        os.kill(made.children()["signer 0"], signal.SIGKILL)
        harness.wait_for("a new signer", lambda: "signer 0" in made.children())
        assert signers_of(made, "A")[1] == {"A": "expired", "next": "current"}
        assert algorithm(made, a, a.path("good.pem")) == SHA256_RSA
        later = made.post(request(b, b.path("good.pem")))[1]
        assert later == bytes.fromhex("30030a0103"), "tryLater"


def check(pg, folder, ca, signers):
    options = {"certificate": ca.certificate}
    made = harness.Responder(folder, pg, {ca.name: options}, signers={
        name: {"issuer": ca.name, **pair} for name, pair in signers.items()})
    return stillgood("check", "-c", made.conf, "--verbose", check=False)


def test_check_wants_one_signer_in_date_and_tells_the_others_times(pg, tmp_path):
    """P-37, P-35"""
    ca = make_ca(pg, str(tmp_path), "Dates", "P-256")
    early = delegate(ca, "early", 90 * 86400, starts=86400)
    old = delegate(ca, "old", -60)
    now = delegate(ca, "now", 3 * 86400)
    refused = check(pg, str(tmp_path / "1"), ca, {"early": early, "old": old})
    assert refused.returncode == 1 and "early.pem: not valid before 20" in refused.stdout
    taken = check(pg, str(tmp_path / "2"), ca, {"early": early, "old": old, "now": now})
    assert taken.returncode == 0, taken.stdout
    assert "signs with EC P-256 from 20" in taken.stdout
    assert "old.pem: has expired; it signs no more: at 20" in taken.stdout
    assert "expires soon" not in taken.stdout, "early follows it"
    alone = check(pg, str(tmp_path / "3"), ca, {"now": now})
    assert "now.pem: expires soon; renew it: at 20" in alone.stdout
    mixed = check(pg, str(tmp_path / "4"), ca, {"now": {**now, "key": early["key"]}})
    assert mixed.returncode == 1 and "this is not the key of" in mixed.stdout
    choice = check(pg, str(tmp_path / "5"), ca, {"now": {**now, "signature": "pss-sha256"}})
    assert choice.returncode == 1 and "only an RSA key leaves the choice" in choice.stdout
