"""Independent clients, as they are, against a running responder: each verifies the signature, the
times and the CertID by its own code (doc/protocol.md, H)."""
import base64
import datetime
import json
import os
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509 import ocsp

import harness
from harness import run, stillgood

KEYS = ["rsa:2048", "rsa:3072", "rsa:4096", "P-256", "P-384", "ed25519"]


def load(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


class Site:
    """One CA with certificates of every state, answered by a responder."""

    def __init__(self, folder, pg, key, name):
        self.name = name
        self.ca = harness.DemoCA(os.path.join(folder, name), name=name,
                                 key="rsa:2048" if key.startswith("rsa") else "P-256",
                                 signer_key=key)
        database = ["--database", pg.conninfo]
        stillgood("issuer", "add", self.ca.certificate, "--name", name, *database)
        for state in ("good", "revoked", "held", "compromised"):
            stillgood("import", "certs", self.ca.issue(state), *database)
        self.ca.issue("unknown")
        stillgood("revoke", self.path("revoked"), "--requested-by", "ca", *database)
        stillgood("revoke", self.path("compromised"), "--reason", "keyCompromise",
                  "--at", "2026-01-02T03:04:05Z", "--invalidity", "2025-12-31", *database)
        stillgood("hold", self.path("held"), *database)

    def path(self, state):
        return self.ca.path(state + ".pem")


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """{key: (site, responder)}: one responder for all, each issuer with its own signer."""
    folder = str(tmp_path_factory.mktemp("clients"))
    with harness.Postgres() as pg:
        stillgood("db", "init", "--database", pg.conninfo)
        made = {key: Site(folder, pg, key, key.replace(":", "-").upper()) for key in KEYS}
        issuers = {site.name: site.ca for site in made.values()}
        with harness.Responder(folder, pg, issuers) as responder:
            yield {key: (site, responder) for key, site in made.items()}


STATES = [("good", "good"), ("revoked", "revoked"), ("held", "revoked"), ("unknown", "unknown")]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("state,expected", STATES)
def test_openssl_verifies_every_status_with_its_nonce(sites, key, state, expected):
    """P-16, P-36"""
    site, responder = sites[key]
    answer = run("openssl", "ocsp", "-issuer", site.ca.certificate, "-cert", site.path(state),
                 "-url", responder.url, "-CAfile", site.ca.certificate)
    assert "Response verify OK" in answer.stderr + answer.stdout
    assert f"{site.path(state)}: {expected}" in answer.stdout
    assert "WARNING" not in answer.stderr, "the nonce is echoed"


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
def test_openssl_may_hash_the_certid_in_four_ways(sites, digest):
    """P-9"""
    site, responder = sites["rsa:2048"]
    answer = run("openssl", "ocsp", f"-{digest}", "-issuer", site.ca.certificate, "-cert",
                 site.path("good"), "-url", responder.url, "-CAfile", site.ca.certificate)
    assert ": good" in answer.stdout and "Response verify OK" in answer.stderr


def test_openssl_sees_reason_and_times_of_a_revocation(sites):
    """P-29, P-30"""
    site, responder = sites["P-256"]
    answer = run("openssl", "ocsp", "-issuer", site.ca.certificate, "-cert",
                 site.path("compromised"), "-url", responder.url, "-CAfile", site.ca.certificate,
                 "-resp_text")
    assert "Reason: keyCompromise" in answer.stdout
    assert "Revocation Time: Jan  2 03:04:05 2026 GMT" in answer.stdout
    assert "Invalidity Date" in answer.stdout and "Dec 31 00:00:00 2025 GMT" in answer.stdout


def test_several_certificates_of_one_issuer_are_answered_together(sites):
    """P-11"""
    site, responder = sites["P-256"]
    answer = run("openssl", "ocsp", "-issuer", site.ca.certificate, "-cert", site.path("good"),
                 "-cert", site.path("revoked"), "-cert", site.path("unknown"), "-cert",
                 site.path("good"), "-url", responder.url, "-CAfile", site.ca.certificate)
    lines = [line for line in answer.stdout.splitlines() if line.startswith("/")]
    assert [line.split(": ")[1] for line in lines] == ["good", "revoked", "unknown", "good"]


def test_certificates_of_two_issuers_in_one_request_are_unauthorized(sites):
    """P-12: nobody signs a status under a delegate of another CA."""
    first, responder = sites["P-256"]
    second, _ = sites["P-384"]
    answer = run("openssl", "ocsp", "-issuer", first.ca.certificate, "-cert", first.path("good"),
                 "-issuer", second.ca.certificate, "-cert", second.path("good"),
                 "-url", responder.url, "-CAfile", first.ca.certificate, check=False)
    assert "unauthorized (6)" in answer.stdout + answer.stderr


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("state,expected", STATES)
def test_gnutls_verifies_every_status(sites, key, state, expected):
    """P-36, P-45: over HTTP/1.0, read to its end."""
    site, responder = sites[key]
    answer = run("ocsptool", f"--ask={responder.url}", "--load-issuer", site.ca.certificate,
                 "--load-cert", site.path(state), "--load-trust", site.ca.certificate, check=False)
    text = answer.stdout + answer.stderr
    assert f"Certificate Status: {expected}" in text, text
    assert "Verifying OCSP Response: Success" in text, text


def verify_with_cryptography(response, site):
    """Signature by the embedded delegate, the delegate's by the CA; times; key hash as ID."""
    assert response.response_status == ocsp.OCSPResponseStatus.SUCCESSFUL
    signer = response.certificates[0]
    ca = load(site.ca.certificate)
    public = ca.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signer.signature, signer.tbs_certificate_bytes,
                      ec.ECDSA(signer.signature_hash_algorithm))
    else:
        public.verify(signer.signature, signer.tbs_certificate_bytes, padding.PKCS1v15(),
                      signer.signature_hash_algorithm)
    key = signer.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(response.signature, response.tbs_response_bytes,
                   ec.ECDSA(response.signature_hash_algorithm))
    elif response.signature_hash_algorithm is None:
        key.verify(response.signature, response.tbs_response_bytes)
    else:
        key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(),
                   response.signature_hash_algorithm)
    digest = x509.SubjectKeyIdentifier.from_public_key(key).digest
    assert response.responder_key_hash == digest, "P-25"
    now = datetime.datetime.utcnow()
    assert response.this_update <= response.produced_at <= now + datetime.timedelta(seconds=1)
    assert response.this_update < response.next_update > now
    # P-27: both ends count; the default validity is 8 hours.
    assert response.next_update - response.this_update == datetime.timedelta(seconds=8 * 3600 - 1)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("state,expected", STATES)
def test_python_cryptography_verifies_get_and_post(sites, key, state, expected):
    """P-24, P-25, P-26, P-27, P-41, P-44, P-48, P-50"""
    site, responder = sites[key]
    certificate = load(site.path(state))
    request = ocsp.OCSPRequestBuilder().add_certificate(
        certificate, load(site.ca.certificate), hashes.SHA256()).build()
    der = request.public_bytes(serialization.Encoding.DER)
    status, posted, headers = responder.post(der)
    assert status == 200 and headers["Content-Type"] == "application/ocsp-response"
    response = ocsp.load_der_ocsp_response(posted)
    verify_with_cryptography(response, site)
    assert response.certificate_status.name.lower() == expected
    assert response.serial_number == certificate.serial_number
    assert response.issuer_name_hash == request.issuer_name_hash
    assert response.issuer_key_hash == request.issuer_key_hash
    if expected != "unknown":
        path = urllib.parse.quote(base64.b64encode(der).decode(), safe="")
        assert responder.get(path) == (200, posted), "GET gives the same bytes as POST (P-41)"
        assert "max-age" in headers["Cache-Control"] and headers["ETag"]
    else:
        assert "no-store" in headers["Cache-Control"], "P-50"


def test_curl_gets_the_same_answer_in_every_form(sites, tmp_path):
    """P-40, P-41, P-49: GET forms, conditional GET, HEAD."""
    site, responder = sites["P-256"]
    request = str(tmp_path / "request.der")
    run("openssl", "ocsp", "-issuer", site.ca.certificate, "-cert", site.path("good"), "-no_nonce",
        "-reqout", request)
    with open(request, "rb") as file:
        text = base64.b64encode(file.read()).decode()
    forms = [text, urllib.parse.quote(text, safe=""), "/" + text, "ocsp/v1/" + text,
             text.rstrip("="), text + "?cache=1", text.replace("+", "-").replace("/", "_")]
    answers = []
    for number, form in enumerate(forms):
        out = str(tmp_path / str(number))
        run("curl", "-fsS", "--path-as-is", "-o", out, responder.url + form)
        with open(out, "rb") as file:
            answers.append(file.read())
    assert len(set(answers)) == 1
    assert ocsp.load_der_ocsp_response(answers[0]).certificate_status == ocsp.OCSPCertStatus.GOOD
    head = run("curl", "-fsSI", responder.url + forms[1]).stdout
    etag = next(line.split(": ", 1)[1] for line in head.splitlines()
                if line.lower().startswith("etag"))
    assert f"content-length: {len(answers[0])}" in head.lower()
    code = run("curl", "-sS", "-o", str(tmp_path / "304"), "-w", "%{http_code}",
               "-H", f"If-None-Match: {etag}",
               responder.url + forms[1]).stdout
    assert code == "304"


@pytest.mark.parametrize("state,expected", STATES[:2])
def test_a_sha256_certid_is_answered_over_get_with_a_content_type(sites, state, expected):
    """V-4, P-9"""
    site, responder = sites["P-256"]
    der = ocsp.OCSPRequestBuilder().add_certificate(
        load(site.path(state)), load(site.ca.certificate), hashes.SHA256()).build().public_bytes(
            serialization.Encoding.DER)
    path = urllib.parse.quote(base64.b64encode(der).decode(), safe="")
    status, body = responder.get(path, headers={"Content-Type": "application/ocsp-request"})
    response = ocsp.load_der_ocsp_response(body)
    assert status == 200 and response.certificate_status.name.lower() == expected
    assert response.hash_algorithm.name == "sha256"


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("arguments", [
    [], ["--nonce"], ["--method", "get"], ["--method", "get", "--nonce"],
    ["--hash", "sha256", "--no-nonce"], ["--hash", "sha512", "--method", "get"]], ids=" ".join)
def test_the_projects_own_client_proves_every_answer(sites, key, arguments):
    """P-11, P-16, P-24, P-25, P-26, P-27"""
    site, responder = sites[key]
    for state, code in (("good", 0), ("revoked", 3), ("held", 3), ("unknown", 4)):
        result = stillgood("ask", site.path(state), "--issuer", site.ca.certificate, "--url",
                           responder.url, "--json", *arguments, check=False)
        assert result.returncode == code, (state, result.stdout, result.stderr)
        document = json.loads(result.stdout)
        assert document["delegated"] and document["nocheck"]
        assert document["nonce"] == document["nonce_sent"]
    states = ["good", "unknown", "held"]
    result = stillgood("ask", *map(site.path, states), "--issuer", site.ca.certificate, "--url",
                       responder.url, "--json", *arguments, check=False)
    document = json.loads(result.stdout)
    assert result.returncode == 3 and document["status"] == "revoked"
    assert [c["status"] for c in document["certificates"]] == ["good", "unknown", "revoked"]
    assert document["certificates"][2]["reason"] == "certificateHold"
