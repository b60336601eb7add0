"""`ask`: what it believes, and above all what it does not."""
import base64
import datetime
import http.server
import json
import subprocess
import threading
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from harness import DemoCA, free_port, stillgood, wait_for

NOW = datetime.datetime.utcnow().replace(microsecond=0)
HOUR = datetime.timedelta(hours=1)


def load(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


def key_of(path):
    with open(path, "rb") as file:
        return serialization.load_pem_private_key(file.read(), None)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    demo = DemoCA(str(tmp_path_factory.mktemp("ca")), key="P-256")
    demo.leaf = demo.issue("leaf")
    demo.other_leaf = demo.issue("other-leaf")
    return demo


@pytest.fixture(scope="module")
def impostor(tmp_path_factory):
    return DemoCA(str(tmp_path_factory.mktemp("impostor")), key="P-256")


class Server:
    """Answers every question with what `respond(request bytes)` returns; counts methods."""

    def __init__(self):
        self.respond = None
        self.requests = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, body):
                server.requests.append((self.command, self.path, body))
                status, data = server.respond(body)
                self.send_response(status)
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_POST(self):
                self.answer(self.rfile.read(int(self.headers["Content-Length"])))

            def do_GET(self):
                encoded = self.path.split("/ocsp/", 1)[-1]
                self.answer(base64.b64decode(urllib.parse.unquote(encoded)))

            def log_message(self, *_):
                pass

        self.httpd = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_port}/ocsp"
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def server():
    made = Server()
    yield made
    made.httpd.shutdown()
    made.httpd.server_close()


def answer(ca, certificate=None, status=ocsp.OCSPCertStatus.GOOD, signer=None, signer_key=None,
           this_update=NOW, next_update=NOW + HOUR, revoked=None, reason=None, nonce=True,
           algorithm=None, embed=True, issuer=None):
    """A function from request to reply, for Server.respond."""
    def respond(request):
        asked = ocsp.load_der_ocsp_request(request)
        certified = load(signer or ca.signer_certificate)
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=load(certificate or ca.leaf), issuer=load(issuer or ca.certificate),
            algorithm=algorithm or asked.hash_algorithm, cert_status=status,
            this_update=this_update, next_update=next_update, revocation_time=revoked,
            revocation_reason=reason,
        ).responder_id(ocsp.OCSPResponderEncoding.HASH, certified)
        if embed:
            builder = builder.certificates([certified])
        for extension in asked.extensions:
            if nonce and isinstance(extension.value, x509.OCSPNonce):
                value = extension.value.nonce if nonce is True else nonce
                builder = builder.add_extension(x509.OCSPNonce(value), critical=False)
        response = builder.sign(key_of(signer_key or ca.signer_key), hashes.SHA256())
        return 200, response.public_bytes(serialization.Encoding.DER)
    return respond


def ask(ca, server, *arguments, certificate=None):
    result = stillgood("ask", certificate or ca.leaf, "--issuer", ca.certificate, "--url",
                       server.url, "--json", *arguments, check=False)
    document = json.loads(result.stdout) if result.stdout else {}
    return result.returncode, document, result.stderr


def assert_no_answer(ca, server, why, *arguments):
    status, document, error = ask(ca, server, *arguments)
    assert status == 5
    assert document["status"] == "none"
    assert why in error and why in document["error"]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ["sha1", "sha256", "sha384", "sha512"])
def test_a_proven_answer_is_told_whole(ca, server, method, name):
    server.respond = answer(ca)
    server.requests.clear()
    status, document, error = ask(ca, server, "--method", method, "--hash", name)
    assert (status, error) == (0, "")
    assert document["status"] == "good"
    assert document["this_update"] == NOW.isoformat() + "Z"
    assert document["next_update"] == (NOW + HOUR).isoformat() + "Z"
    assert document["delegated"] and "signer" in document["signer"]
    assert document["total_us"] >= document["connect_us"] >= 0
    asked = ocsp.load_der_ocsp_request(server.requests[0][2])
    assert server.requests[0][0] == method.upper()
    assert asked.hash_algorithm.name == name
    assert asked.serial_number == load(ca.leaf).serial_number


def test_revoked_and_unknown_have_their_own_exit_status(ca, server):
    server.respond = answer(ca, status=ocsp.OCSPCertStatus.REVOKED, revoked=NOW - HOUR,
                            reason=x509.ReasonFlags.key_compromise)
    status, document, _ = ask(ca, server)
    assert (status, document["status"]) == (3, "revoked")
    assert document["reason"] == "keyCompromise"
    assert document["revoked_at"] == (NOW - HOUR).isoformat() + "Z"
    server.respond = answer(ca, status=ocsp.OCSPCertStatus.UNKNOWN)
    status, document, _ = ask(ca, server)
    assert (status, document["status"]) == (4, "unknown")


def test_the_ca_may_sign_itself(ca, server):
    for embed in (True, False):
        server.respond = answer(ca, signer=ca.certificate, signer_key=ca.path("ca.key"),
                                embed=embed)
        status, document, _ = ask(ca, server)
        assert status == 0 and not document["delegated"]


def test_a_nonce_must_come_back(ca, server):
    server.respond = answer(ca)
    status, document, _ = ask(ca, server, "--nonce")
    assert status == 0 and document["nonce"]
    server.respond = answer(ca, nonce=False)
    assert_no_answer(ca, server, "does not repeat the nonce", "--nonce")
    server.respond = answer(ca, nonce=b"another nonce of thirty-two oct.")
    assert_no_answer(ca, server, "nonce is another", "--nonce")
    server.respond = answer(ca, nonce=b"short")
    assert_no_answer(ca, server, "nonce is another", "--nonce")


def test_a_signature_by_somebody_else_is_no_answer(ca, server, impostor):
    # The delegate of another CA that has the same name.
    server.respond = answer(ca, signer=impostor.signer_certificate, signer_key=impostor.signer_key)
    assert_no_answer(ca, server, "not issued by this CA")
    server.respond = answer(ca, signer=impostor.certificate, signer_key=impostor.path("ca.key"))
    assert_no_answer(ca, server, "not issued by this CA")
    # A status changed on the way.
    def unknown_made_good(request):
        status, der = answer(ca, status=ocsp.OCSPCertStatus.UNKNOWN)(request)
        assert der.count(b"\x82\x00\x18\x0f") == 1
        return status, der.replace(b"\x82\x00\x18\x0f", b"\x80\x00\x18\x0f")
    server.respond = unknown_made_good
    assert_no_answer(ca, server, "signature does not verify")
    server.respond = answer(ca, embed=False)
    assert_no_answer(ca, server, "no certificate of its signer")


def test_a_certificate_of_the_ca_without_the_purpose_may_not_sign(ca, server):
    """Any subscriber could sign answers otherwise."""
    server.respond = answer(ca, signer=ca.leaf, signer_key=ca.path("leaf.key"))
    assert_no_answer(ca, server, "lacks the OCSPSigning purpose")
    tls = ca.issue("tls", extensions="extendedKeyUsage=serverAuth\n")
    server.respond = answer(ca, signer=tls, signer_key=ca.path("tls.key"))
    assert_no_answer(ca, server, "lacks the OCSPSigning purpose")
    usage = ca.issue("usage", extensions="extendedKeyUsage=OCSPSigning\n"
                                         "keyUsage=critical,keyAgreement\n")
    server.respond = answer(ca, signer=usage, signer_key=ca.path("usage.key"))
    assert_no_answer(ca, server, "may not sign")


def test_an_answer_about_another_certificate_is_none(ca, server, impostor):
    server.respond = answer(ca, certificate=ca.other_leaf)
    assert_no_answer(ca, server, "another certificate")
    server.respond = answer(ca, algorithm=hashes.SHA256())
    assert_no_answer(ca, server, "another certificate")
    server.respond = answer(ca, issuer=impostor.certificate)
    assert_no_answer(ca, server, "another certificate")


def test_times_are_checked_within_the_skew(ca, server):
    server.respond = answer(ca, this_update=NOW - 2 * HOUR, next_update=NOW - HOUR)
    assert_no_answer(ca, server, "out of date")
    assert ask(ca, server, "--skew", "2h")[0] == 0
    server.respond = answer(ca, this_update=NOW + HOUR, next_update=NOW + 2 * HOUR)
    assert_no_answer(ca, server, "from the future")
    assert ask(ca, server, "--skew", "2h")[0] == 0


@pytest.mark.parametrize("reply, why", [
    ((200, b""), "not an OCSP response"),
    ((200, b"<html>"), "not an OCSP response"),
    ((200, bytes.fromhex("30030a0103")), "trylater (3)"),
    ((200, bytes.fromhex("30030a0106")), "unauthorized (6)"),
    ((200, bytes.fromhex("30030a010300")), "not an OCSP response"),
    ((200, bytes.fromhex("30030a0100")), "not of the basic type"),
    ((404, b""), "HTTP status 404"),
    ((500, b"x"), "HTTP status 500"),
    ((200, b"\x30" * 70000), "too large"),
])
def test_what_is_no_answer_is_told(ca, server, reply, why):
    server.respond = lambda request: reply
    assert_no_answer(ca, server, why)


def test_a_responder_that_is_away_or_silent_is_no_answer(ca, server):
    def url(text, *arguments):
        return stillgood("ask", ca.leaf, "--issuer", ca.certificate, "--url", text, *arguments,
                         check=False)
    result = url(f"http://127.0.0.1:{free_port()}/")
    assert result.returncode == 5 and "refused" in result.stderr
    stop = threading.Event()
    server.respond = lambda request: (stop.wait(10), b"")[1:] * 2
    try:
        result = url(server.url, "--timeout", "200ms")
        assert result.returncode == 5 and "timed out" in result.stderr
    finally:
        stop.set()
    for text in ("https://x/", "x", "http://"):
        assert url(text).returncode == 1


def test_the_url_of_the_certificate_is_asked(ca, server):
    server.respond = answer(ca, certificate=ca.issue(
        "located", extensions=f"authorityInfoAccess=caIssuers;URI:http://x/,OCSP;URI:{server.url}\n"))
    result = stillgood("ask", ca.path("located.pem"), "--issuer", ca.certificate)
    assert ": good" in result.stdout and server.url in result.stdout
    result = stillgood("ask", ca.leaf, "--issuer", ca.certificate, check=False)
    assert result.returncode == 1 and "--url" in result.stderr


def test_files_that_do_not_belong_together_are_refused(ca, server, impostor):
    for arguments in ([ca.leaf, "--issuer", impostor.certificate], ["/nowhere", "--issuer", "x"],
                      [ca.leaf, "--issuer", "/nowhere"], [ca.signer_key, "--issuer", "x"]):
        result = stillgood("ask", *arguments, "--url", server.url, check=False)
        assert result.returncode == 1
        assert len(result.stderr.splitlines()) == 1


def test_a_real_responder_of_openssl_is_believed(ca, tmp_path):
    port = free_port()
    serial = format(load(ca.leaf).serial_number, "X")
    serial = serial if len(serial) % 2 == 0 else "0" + serial
    (tmp_path / "index.txt").write_text(f"R\t491231235959Z\t250101000000Z,superseded\t{serial}"
                                        "\tunknown\t/CN=leaf\n")
    process = subprocess.Popen(
        ["openssl", "ocsp", "-index", tmp_path / "index.txt", "-port", str(port), "-CA",
         ca.certificate, "-rsigner", ca.signer_certificate, "-rkey", ca.signer_key, "-nmin", "5"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def asked():
            result = stillgood("ask", ca.leaf, "--issuer", ca.certificate, "--url",
                               f"http://127.0.0.1:{port}/", "--nonce", "--json", check=False)
            return result.returncode != 5 and result
        result = wait_for("openssl ocsp", asked)
        document = json.loads(result.stdout)
        assert result.returncode == 3
        assert document["reason"] == "superseded"
        assert document["revoked_at"] == "2025-01-01T00:00:00Z"
    finally:
        process.terminate()
        process.wait(timeout=10)
