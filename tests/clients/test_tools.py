"""The tools at hand on every Debian: `openssl ocsp`, GnuTLS's `ocsptool` and python3-cryptography,
each verifying by its own code. tests/integration/test_clients.py asks them more, with every kind of
key. doc/protocol.md, H; P-16, P-20, P-21, P-25, P-45."""
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509 import ocsp

from harness import run
from site_under_test import ANSWERS
from table import package_version


@pytest.mark.parametrize("state", ANSWERS)
def test_openssl_ocsp(site, record, state):
    """P-16: its nonce is echoed, or it would warn."""
    shown = run("openssl", "ocsp", "-issuer", site.ca.certificate, "-cert", site.path(state),
                "-url", site.url(state), "-CAfile", site.ca.certificate, check=False)
    text = shown.stdout + shown.stderr
    if state == "late":
        assert "Responder Error: trylater (3)" in text
    else:
        assert "Response verify OK" in text and f"{site.path(state)}: {ANSWERS[state]}" in text
        assert "WARNING" not in text
    record("openssl ocsp", package_version("openssl"), "POST, nonce", ANSWERS[state],
           ANSWERS[state])


@pytest.mark.parametrize("state", ANSWERS)
def test_gnutls_ocsptool(site, record, state):
    shown = run("ocsptool", f"--ask={site.url(state)}", "--load-issuer", site.ca.certificate,
                "--load-cert", site.path(state), "--load-trust", site.ca.certificate, check=False)
    text = shown.stdout + shown.stderr
    if state == "late":
        assert "Response Status: tryLater" in text
    else:
        assert f"Certificate Status: {ANSWERS[state]}" in text
        assert "Verifying OCSP Response: Success" in text
    record("GnuTLS ocsptool", package_version("gnutls-bin"), "POST", ANSWERS[state],
           ANSWERS[state])


def load(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


def verify(response, issuer):
    """RSA by both: the signer by the CA, the response by the signer."""
    signer = response.certificates[0]
    for key, signed, by in (
            (issuer.public_key(), signer.tbs_certificate_bytes, signer),
            (signer.public_key(), response.tbs_response_bytes, response)):
        key.verify(by.signature, signed, padding.PKCS1v15(), by.signature_hash_algorithm)
    assert response.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(
        signer.public_key()).digest, "P-25"


@pytest.mark.parametrize("state", ANSWERS)
def test_python_cryptography(site, record, state):
    issuer = load(site.ca.certificate)
    certificate = load(site.path(state))
    request = ocsp.OCSPRequestBuilder().add_certificate(
        certificate, issuer, hashes.SHA256()).build()
    responder = site.late if state == "late" else site.responder
    body = responder.post(request.public_bytes(serialization.Encoding.DER))[1]
    response = ocsp.load_der_ocsp_response(body)
    if state == "late":
        assert response.response_status == ocsp.OCSPResponseStatus.TRY_LATER
    else:
        verify(response, issuer)
        assert response.certificate_status.name.lower() == ANSWERS[state]
        assert response.serial_number == certificate.serial_number
        assert response.issuer_key_hash == request.issuer_key_hash
    record("Python cryptography", package_version("python3-cryptography"), "SHA-256 CertID",
           ANSWERS[state], ANSWERS[state])
