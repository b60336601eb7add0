"""`ask`: what it believes, and above all what it does not."""
import base64
import datetime
import http.server
import json
import os
import re
import shutil
import stat
import subprocess
import threading
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from prometheus_client.parser import text_string_to_metric_families

from harness import STILLGOOD, DemoCA, free_port, run, stillgood, wait_for

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
        self.content_type = "application/ocsp-response"
        self.requests = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, body):
                server.requests.append((self.command, self.path, body))
                status, data = server.respond(body)
                self.send_response(status)
                self.send_header("Content-Type", server.content_type)
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
           algorithm=None, embed=True, issuer=None, by_name=False):
    """A function from request to reply, for Server.respond. `embed`: True, or a list of files."""
    def respond(request):
        asked = ocsp.load_der_ocsp_request(request)
        certified = load(signer or ca.signer_certificate)
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=load(certificate or ca.leaf), issuer=load(issuer or ca.certificate),
            algorithm=algorithm or asked.hash_algorithm, cert_status=status,
            this_update=this_update, next_update=next_update, revocation_time=revoked,
            revocation_reason=reason,
        ).responder_id(ocsp.OCSPResponderEncoding.NAME if by_name
                       else ocsp.OCSPResponderEncoding.HASH, certified)
        if embed:
            builder = builder.certificates(
                [certified] if embed is True else [load(path) for path in embed])
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
    if document:  # of one certificate: all in one
        (certificate,) = document["certificates"]
        assert certificate["status"] == document["status"]
        document.update(certificate)
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
    assert (document["total_us"] >= document["first_octet_us"] >= document["send_us"]
            >= document["connect_us"] >= document["resolve_us"] > 0)
    assert document["nocheck"] and document["responder_id"] == "key"
    assert int(document["signer_serial"], 16) == load(ca.signer_certificate).serial_number
    assert int(document["serial"], 16) == load(ca.leaf).serial_number
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
        assert (status, document.get("error")) == (0, None) and not document["delegated"]


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


def test_a_nonce_is_offered_by_post_and_an_answer_without_it_is_judged_by_its_times(ca, server):
    """RFC 9919: responders that sign in advance cannot repeat one. A wrong one is never right."""
    def nonces(*arguments):
        server.requests.clear()
        status, document, _ = ask(ca, server, *arguments)
        asked = ocsp.load_der_ocsp_request(server.requests[0][2])
        return status, len(asked.extensions), document["nonce_sent"], document["nonce"]
    server.respond = answer(ca)
    assert nonces() == (0, 1, True, True)
    assert nonces("--no-nonce") == (0, 0, False, False)
    assert nonces("--method", "get") == (0, 0, False, False)
    assert nonces("--method", "get", "--nonce") == (0, 1, True, True)
    server.respond = answer(ca, nonce=False)
    assert nonces() == (0, 1, True, False)
    server.respond = answer(ca, nonce=b"another nonce of thirty-two oct.")
    assert_no_answer(ca, server, "nonce is another")


def test_an_answer_of_any_age_is_none(ca, server):
    """Without nextUpdate only the nonce says that it was not recorded years ago."""
    server.respond = answer(ca, next_update=None, this_update=NOW - 1000 * HOUR)
    status, document, _ = ask(ca, server)
    assert (status, document["next_update"]) == (0, None)
    assert_no_answer(ca, server, "neither nextUpdate nor our nonce", "--no-nonce")
    server.respond = answer(ca, next_update=None, nonce=False)
    assert_no_answer(ca, server, "neither nextUpdate nor our nonce")


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


OCSP_SIGNING = "extendedKeyUsage=OCSPSigning\nkeyUsage=critical,digitalSignature\n"


def test_a_delegate_must_be_in_date_understood_and_strongly_signed(ca, server):
    def signs(name, extensions=OCSP_SIGNING + "noCheck=ignored\n", **options):
        path = ca.issue(name, extensions=extensions, **options)
        server.respond = answer(ca, signer=path, signer_key=ca.path(f"{name}.key"))
    signs("ended", days=-1)
    assert_no_answer(ca, server, "certificate is out of date")
    assert ask(ca, server, "--skew", "2d")[0] == 0
    signs("odd", OCSP_SIGNING + "1.2.3.4=critical,ASN1:NULL\n")
    assert_no_answer(ca, server, "critical extension that is not understood")
    signs("unchecked", OCSP_SIGNING)
    status, document, _ = ask(ca, server)
    assert (status, document["nocheck"]) == (0, False)
    weak = ca.issue("weak", extensions=OCSP_SIGNING)
    run("openssl", "x509", "-req", "-in", ca.path("weak.csr"), "-CA", ca.certificate, "-CAkey",
        ca.path("ca.key"), "-set_serial", "77", "-sha1", "-extfile", ca.path("weak.ext"), "-out",
        weak)
    server.respond = answer(ca, signer=weak, signer_key=ca.path("weak.key"))
    assert_no_answer(ca, server, "signed with a weak digest")


def answer_with_sha1(ca, folder):
    """By openssl: newer versions of cryptography sign with it no more."""
    serial = format(load(ca.leaf).serial_number, "X")
    serial = serial if len(serial) % 2 == 0 else "0" + serial
    (folder / "index.txt").write_text(f"V\t491231235959Z\t\t{serial}\tunknown\t/CN=leaf\n")

    def respond(request):
        (folder / "request").write_bytes(request)
        run("openssl", "ocsp", "-index", folder / "index.txt", "-CA", ca.certificate, "-rsigner",
            ca.signer_certificate, "-rkey", ca.signer_key, "-rmd", "sha1", "-nmin", "5", "-reqin",
            folder / "request", "-respout", folder / "response")
        return 200, (folder / "response").read_bytes()
    return respond


def test_an_answer_signed_with_sha1_is_none(ca, server, tmp_path):
    """P-36, from the other side."""
    server.respond = answer_with_sha1(ca, tmp_path)
    assert_no_answer(ca, server, "signed with a weak digest")


def test_every_certificate_that_bears_the_responder_id_is_tried(ca, server, impostor):
    """Two delegates with one key, one with the purpose and one without; and a CA of the same name."""
    plain = ca.issue("plain", key_file=ca.signer_key)
    for embed in ([plain, ca.signer_certificate], [ca.signer_certificate, plain]):
        server.respond = answer(ca, embed=embed)
        status, document, _ = ask(ca, server)
        assert (status, document["delegated"]) == (0, True)
    server.respond = answer(ca, embed=[plain])
    assert_no_answer(ca, server, "lacks the OCSPSigning purpose")
    server.respond = answer(ca, by_name=True,
                            embed=[impostor.signer_certificate, ca.signer_certificate])
    status, document, _ = ask(ca, server)
    assert (status, document["responder_id"]) == (0, "name")
    server.respond = answer(ca, embed=[plain] * 8 + [ca.signer_certificate])
    assert_no_answer(ca, server, "lacks the OCSPSigning purpose")


def test_several_certificates_go_into_one_request(ca, server):
    """P-11. Every one is told; the exit status is the worst one's."""
    files = [ca.issue(f"several-{i}") for i in range(3)]
    states = {}

    def respond(request):
        # Only one SingleResponse fits into an answer of python's builder: openssl makes this one.
        return 200, several(ca, request, states)
    server.respond = respond

    def ask_all(*words):
        for path, word in zip(files, words):
            states[load(path).serial_number] = word
        result = stillgood("ask", *files, "--issuer", ca.certificate, "--url", server.url,
                           "--json", check=False)
        document = json.loads(result.stdout)
        assert [c["file"] for c in document["certificates"]] == files
        assert document["status"] == {0: "good", 3: "revoked", 4: "unknown", 5: "none"}[
            result.returncode]
        return result.returncode, [c["status"] for c in document["certificates"]]
    assert ask_all("V", "V", "V") == (0, ["good"] * 3)
    assert ask_all("V", "R", "V") == (3, ["good", "revoked", "good"])
    assert ask_all("V", None, "V") == (4, ["good", "unknown", "good"])
    assert ask_all("R", None, "V") == (3, ["revoked", "unknown", "good"])
    one = ocsp.OCSPRequestBuilder().add_certificate(
        load(files[1]), load(ca.certificate), hashes.SHA1()).build().public_bytes(
            serialization.Encoding.DER)
    server.respond = lambda _: answer(ca, certificate=files[1])(one)
    result = stillgood("ask", *files, "--issuer", ca.certificate, "--url", server.url, check=False)
    assert result.returncode == 5 and result.stderr.count("another certificate") == 2
    assert f"{files[1]}: good" in result.stdout and result.stdout.count("no authentic answer") == 2
    result = stillgood("ask", *files * 4, "--issuer", ca.certificate, "--url", server.url,
                       check=False)
    assert result.returncode == 2 and "too many" in result.stderr


def several(ca, request, states):
    """What `openssl ocsp` answers with this index: {serial: "V", "R" or None}."""
    def path(name):
        return ca.path("several-" + name)
    lines = []
    for serial, word in states.items():
        number = format(serial, "X")
        number = number if len(number) % 2 == 0 else "0" + number
        if word:
            lines.append(f"{word}\t491231235959Z\t{'250101000000Z' if word == 'R' else ''}"
                         f"\t{number}\tunknown\t/CN={number}\n")
    with open(path("index.txt"), "w", encoding="ascii") as file:
        file.writelines(lines)
    with open(path("request"), "wb") as file:
        file.write(request)
    run("openssl", "ocsp", "-index", path("index.txt"), "-CA", ca.certificate, "-rsigner",
        ca.signer_certificate, "-rkey", ca.signer_key, "-nmin", "5", "-reqin", path("request"),
        "-respout", path("response"))
    with open(path("response"), "rb") as file:
        return file.read()


def test_certificates_answered_in_different_places_are_not_asked_together(ca, server):
    def located(name, url):
        return ca.issue(name, extensions=f"authorityInfoAccess=OCSP;URI:{url}\n")
    here, there = located("here", server.url), located("there", server.url + "/other")
    result = stillgood("ask", here, there, "--issuer", ca.certificate, check=False)
    assert result.returncode == 1 and "give --url" in result.stderr
    result = stillgood("ask", here, ca.leaf, "--issuer", ca.certificate, check=False)
    assert result.returncode == 1 and "give --url" in result.stderr


def test_what_is_not_declared_as_an_answer_is_none(ca, server):
    server.respond = answer(ca)
    try:
        server.content_type = "text/html"
        assert_no_answer(ca, server, 'Content-Type "text/html"')
        server.content_type = "Application/OCSP-Response; x=y"
        assert ask(ca, server)[0] == 0
    finally:
        server.content_type = "application/ocsp-response"


def test_verbose_tells_every_phase(ca, server):
    server.respond = answer(ca)
    for arguments in (["--verbose"], ["-v"]):
        result = stillgood("ask", ca.leaf, "--issuer", ca.certificate, "--url", server.url,
                           *arguments)
        for word in ("resolve", "connect", "send", "wait", "receive", "verify", "responder ID",
                     "serial", "1 CertIDs with sha1"):
            assert f"  {word}" in result.stdout or word in result.stdout, word
    result = stillgood("ask", ca.leaf, "--issuer", ca.certificate, "--url",
                       f"http://127.0.0.1:{free_port()}/", "--verbose", check=False)
    assert result.returncode == 5 and "receive" not in result.stdout


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
    ((200, bytes.fromhex("3080 0a0100 0000")), "not of the basic type"),
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
        assert result.returncode == 3 and document["nonce"]
        (certificate,) = document["certificates"]
        assert certificate["reason"] == "superseded"
        assert certificate["revoked_at"] == "2025-01-01T00:00:00Z"
    finally:
        process.terminate()
        process.wait(timeout=120)


# ---- serial numbers, standard input, bundles, files ----

def serial_of(path):
    return load(path).serial_number


@pytest.mark.parametrize("form", ["{:x}", "0x{:X}", "decimal:{:d}"])
def test_a_serial_number_is_asked_about_without_its_certificate(ca, server, form):
    server.respond = answer(ca)
    server.requests.clear()
    result = stillgood("ask", "--serial", form.format(serial_of(ca.leaf)), "--issuer",
                       ca.certificate, "--url", server.url, "--json")
    (told,) = json.loads(result.stdout)["certificates"]
    assert told["status"] == "good" and told["file"] is None
    assert int(told["serial"], 16) == serial_of(ca.leaf)
    assert ocsp.load_der_ocsp_request(server.requests[0][2]).serial_number == serial_of(ca.leaf)


def test_several_serial_numbers_and_a_certificate_go_into_one_request(ca, server):
    files = [ca.issue(f"numbered-{i}") for i in range(3)]
    states = {serial_of(path): word for path, word in zip(files, "VRV")}
    server.respond = lambda request: (200, several(ca, request, states))
    result = stillgood("ask", files[2], "--serial",
                       ",".join(format(serial_of(path), "x") for path in files[:2]), "--issuer",
                       ca.certificate, "--url", server.url, check=False)
    assert result.returncode == 3
    assert f"{files[2]}: good" in result.stdout
    assert f"serial {serial_of(files[0]):04X}: good" in result.stdout
    assert f"serial {serial_of(files[1]):04X}: revoked" in result.stdout


@pytest.mark.parametrize("arguments, status, why", [
    (["--serial", "-5"], 1, "never negative"),
    (["--serial", "1,,2"], 1, "not a serial number"),
    (["--serial", ",".join(str(i) for i in range(11))], 2, "too many certificates"),
    ([], 2, "CERT… is missing, or --serial"),
    (["--serial", "1", "--prometheus", "--json"], 2, "--prometheus goes without"),
    (["--serial", "1", "--respout", "-"], 2, "--respout"),
    (["--serial", "1", "--reqout", "/nowhere/request"], 1, "/nowhere/request: No such file"),
])
def test_wrong_questions_are_refused(ca, server, arguments, status, why):
    result = stillgood("ask", *arguments, "--issuer", ca.certificate, "--url", server.url,
                       check=False)
    assert result.returncode == status and why in result.stderr and result.stdout == ""


def test_a_serial_number_needs_an_address(ca):
    result = stillgood("ask", "--serial", "1", "--issuer", ca.certificate, check=False)
    assert result.returncode == 1 and "give --url" in result.stderr


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_a_certificate_may_come_by_standard_input(ca, server, form):
    server.respond = answer(ca)
    der = load(ca.leaf).public_bytes(getattr(serialization.Encoding, form))
    result = subprocess.run([STILLGOOD, "ask", "-", "--issuer", ca.certificate, "--url",
                             server.url], input=der, capture_output=True, timeout=300, check=False)
    assert result.returncode == 0 and result.stdout.startswith(b"standard input: good")
    result = subprocess.run([STILLGOOD, "ask", "-", "--issuer", ca.certificate, "--url",
                             server.url], input=b"", capture_output=True, timeout=300, check=False)
    assert result.returncode == 1 and b"standard input: holds no certificate" in result.stderr
    for broken in (b"-----BEGIN CERTIFICATE-----\nAAAA\n", b"\x30\x82\x01\x00junk"):
        result = subprocess.run([STILLGOOD, "ask", "-", "--issuer", ca.certificate, "--url",
                                 server.url], input=broken, capture_output=True, timeout=60,
                                check=False)
        assert result.returncode == 1 and result.stderr.startswith(b"stillgood: standard input")
        assert b"/proc" not in result.stderr


def bundle_of(folder, name, *paths):
    path = folder / name
    path.write_text("".join(open(each, encoding="ascii").read() for each in paths))
    return str(path)


def test_a_chain_is_no_single_certificate(ca, server, impostor, tmp_path):
    """Of a file of several those count that the CA issued, and no root."""
    server.respond = answer(ca)
    chain = bundle_of(tmp_path, "chain.pem", impostor.certificate, ca.leaf, ca.certificate)
    server.requests.clear()
    result = stillgood("ask", chain, "--issuer", chain, "--url", server.url)
    assert result.stdout.startswith(f"{chain}:")
    assert ocsp.load_der_ocsp_request(server.requests[0][2]).serial_number == serial_of(ca.leaf)
    files = [ca.issue(f"chained-{i}") for i in range(2)]
    states = {serial_of(path): word for path, word in zip(files, "VR")}
    server.respond = lambda request: (200, several(ca, request, states))
    both = bundle_of(tmp_path, "both.pem", *files)
    result = stillgood("ask", both, "--issuer", ca.certificate, "--url", server.url, "--json",
                       check=False)
    told = json.loads(result.stdout)["certificates"]
    assert [c["status"] for c in told] == ["good", "revoked"]
    assert told[0]["file"] == f"{both}:1" and told[1]["file"] != told[0]["file"]
    none = bundle_of(tmp_path, "none.pem", impostor.certificate, ca.certificate)
    result = stillgood("ask", none, "--issuer", ca.certificate, "--url", server.url, check=False)
    assert result.returncode == 1 and "holds no certificate that was issued" in result.stderr
    result = stillgood("ask", "--serial", "1", "--issuer", chain, "--url", server.url, check=False)
    assert result.returncode == 1 and "which CA is meant" in result.stderr


def test_request_and_answer_are_written_as_they_were(ca, server, tmp_path):
    given = []

    def respond(request):
        given.append(answer(ca, status=ocsp.OCSPCertStatus.UNKNOWN)(request)[1])
        return 200, given[-1]
    server.respond = respond
    request, response = tmp_path / "request.der", tmp_path / "response.der"
    response.write_bytes(b"old")
    response.chmod(0o600)
    server.requests.clear()
    status, _, _ = ask(ca, server, "--reqout", request, "--respout", response)
    assert status == 4
    assert request.read_bytes() == server.requests[0][2]
    assert response.read_bytes() == given[0]
    assert sorted(os.listdir(tmp_path)) == ["request.der", "response.der"]
    # An answer that is not believed is kept too; what is no answer leaves the file as it was.
    server.respond = lambda _: (200, bytes.fromhex("30030a0106"))
    assert ask(ca, server, "--respout", response)[0] == 5
    assert response.read_bytes() == bytes.fromhex("30030a0106")
    server.respond = lambda _: (500, b"trouble")
    assert ask(ca, server, "--respout", response)[0] == 5
    assert response.read_bytes() == bytes.fromhex("30030a0106")
    assert ask(ca, server, "--reqout", "/dev/null")[0] == 5
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


# ---- metrics ----

SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (-?\d+(?:\.\d+)?)')


def exposition(text):
    """Reads Prometheus' text format strictly, and by Prometheus' own client too: {(name, labels): value}."""
    assert text.endswith("\n")
    samples, described, typed = {}, [], []
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, explained = line[7:].split(" ", 1)
            assert name not in described and explained.strip() == explained != ""
            described.append(name)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert described[-1] == name and kind == "gauge"
            typed.append(name)
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert typed[-1] == described[-1] == match[1]  # a family in one piece
            key = match[1], match[2]
            assert key not in samples
            samples[key] = float(match[3])
    theirs = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
              for family in text_string_to_metric_families(text) for sample in family.samples}
    assert len(theirs) == len(samples) and set(theirs.values()) == set(samples.values())
    return theirs


def metrics(ca, server, *arguments, certificate=None, url=None):
    result = stillgood("ask", certificate or ca.leaf, "--issuer", ca.certificate, "--url",
                       url or server.url, "--prometheus", *arguments, check=False)
    samples = exposition(result.stdout)

    def value(name, **labels):
        found = [v for (n, pairs), v in samples.items()
                 if n == f"stillgood_ask_{name}" and labels.items() <= dict(pairs).items()]
        assert len(found) <= 1
        return found[0] if found else None
    return result.returncode, value, samples


def test_metrics_of_an_answer(ca, server):
    server.respond = answer(ca, this_update=NOW - HOUR, next_update=NOW + 10 * HOUR)
    status, value, samples = metrics(ca, server, "--method", "get")
    assert status == 0 and value("up") == 1
    for word in ("good", "revoked", "unknown", "none"):
        assert value("certificate_status", status=word) == (word == "good")
    since = (datetime.datetime.utcnow() - NOW).total_seconds()  # the module's moment may be long ago
    assert 3600 <= value("this_update_age_seconds") <= 3600 + since
    assert 36000 - since <= value("next_update_in_seconds") <= 36000
    assert 0 <= value("produced_age_seconds") <= since
    assert 0 < value("signer_expires_in_seconds") < 366 * 86400
    for phase in ("resolve", "connect", "send", "wait", "receive", "verify"):
        assert 0 <= value("phase_duration_seconds", phase=phase) < 60
    assert value("http_status") == 200 and value("response_octets") > 100
    serial = format(serial_of(ca.leaf), "04X")
    for (name, pairs) in samples:
        labels = dict(pairs)
        assert labels["url"] == server.url and labels["method"] == "get"
        if name.startswith("stillgood_ask_certificate"):
            assert labels["serial"] == serial and labels["file"] == ca.leaf


def test_metrics_of_what_is_no_answer(ca, server):
    server.respond = lambda _: (200, bytes.fromhex("30030a0103"))
    status, value, _ = metrics(ca, server)
    assert status == 5 and value("up") == 0 and value("http_status") == 200
    assert value("certificate_status", status="none") == 1
    assert value("certificate_status", status="good") == 0
    assert value("next_update_in_seconds") is None and value("this_update_age_seconds") is None
    status, value, _ = metrics(ca, server, url=f"http://127.0.0.1:{free_port()}/")
    assert status == 5 and value("up") == 0 and value("http_status") is None
    assert value("phase_duration_seconds", phase="wait") is None


def test_metrics_of_several_certificates(ca, server):
    files = [ca.issue(f"measured-{i}") for i in range(2)]
    states = {serial_of(path): word for path, word in zip(files, "RV")}
    server.respond = lambda request: (200, several(ca, request, states))
    # The same certificate twice is one sample: an exposition with duplicates is invalid.
    status, value, _ = metrics(ca, server, files[1], files[0], certificate=files[0])
    assert status == 3 and value("up") == 1
    for path, word in zip(files, ("revoked", "good")):
        assert value("certificate_status", file=path, status=word) == 1
    serial = format(serial_of(files[0]), "X")
    result = stillgood("ask", "--serial", serial, "--issuer", ca.certificate, "--url", server.url,
                       "--prometheus", check=False)
    assert all("file" not in dict(pairs) for _, pairs in exposition(result.stdout))


def test_labels_are_escaped(ca, server, tmp_path):
    server.respond = answer(ca)
    path = tmp_path / 'a "quoted"\\back\nline {x="y"} 電子.pem'
    shutil.copy(ca.leaf, path)
    status, value, _ = metrics(ca, server, certificate=path)
    assert status == 0 and value("certificate_status", file=str(path), status="good") == 1
    odd = os.fsencode(str(tmp_path)) + b"/\xff\xc0\xafname.pem"
    shutil.copy(ca.leaf, odd)
    result = subprocess.run([STILLGOOD, "ask", odd, "--issuer", ca.certificate, "--url", server.url,
                             "--prometheus"], capture_output=True, timeout=300, check=True)
    samples = exposition(result.stdout.decode("utf-8"))
    assert any(dict(pairs).get("file", "").endswith("/\\xFF\\xC0\\xAFname.pem")
               for _, pairs in samples)
