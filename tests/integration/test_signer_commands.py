"""`signer request` makes a key and the request for its certificate, `signer check` proves that before it is
installed, and renew_command runs when a signer ends soon (doc/faults.md rows 20, 22)."""
import contextlib
import json
import os
import re
import signal
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import harness
import tokens
from harness import run, stillgood, wait_for
from test_signers import delegate, make_ca


@pytest.fixture(scope="module")
def pg():
    with harness.Postgres() as server:
        stillgood("db", "init", "--database", server.conninfo)
        yield server


@pytest.fixture(scope="module")
def ca(pg, tmp_path_factory):
    return make_ca(pg, str(tmp_path_factory.mktemp("ca")), "Renewed")


def request_of(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_csr(file.read())


def certified(ca, request, name="made", days=90, extensions=True):
    out = ca.path(f"{name}.pem")
    run("openssl", "x509", "-req", "-in", request, "-CA", ca.certificate, "-CAkey", ca.path("ca.key"),
        "-days", str(days), "-copy_extensions", "copy" if extensions else "none", "-out", out)
    return out


@pytest.mark.parametrize("algorithm", [None, "p384", "rsa2048", "rsa3072", "ed25519"])
def test_a_request_asks_for_what_a_delegate_needs(ca, tmp_path, algorithm):
    """P-35: and the certificate that a CA makes of it is taken."""
    key, out = str(tmp_path / "ocsp.key"), str(tmp_path / "ocsp.csr")
    more = ["--algorithm", algorithm] if algorithm else []
    stillgood("signer", "request", "--issuer", "電子 認証局", "--key", key, "--out", out, *more)
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600
    request = request_of(out)
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=電子 認証局 OCSP"
    extensions = {e.oid.dotted_string: e for e in request.extensions}
    usage = request.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.digital_signature and not usage.value.key_cert_sign
    eku = request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(eku) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert request.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert "1.3.6.1.5.5.7.48.1.5" in extensions
    certificate = certified(ca, out)
    done = stillgood("signer", "check", certificate, "--ca", ca.certificate, "--key", key,
                     "--request", out)
    assert "ok, may sign from" in done.stdout


def test_a_request_replaces_nothing(tmp_path):
    key, out = str(tmp_path / "ocsp.key"), str(tmp_path / "ocsp.csr")
    for path in (key, out):
        with open(path, "w", encoding="ascii") as file:
            file.write("mine")
        refused = stillgood("signer", "request", "--issuer", "A", "--key", key, "--out", out, check=False)
        assert refused.returncode == 1 and "nothing is ever replaced" in refused.stderr
        with open(path, encoding="ascii") as file:
            assert file.read() == "mine"
        os.unlink(path)
        assert not os.path.exists(key) and not os.path.exists(out)
    refused = stillgood("signer", "request", "--subject", "nonsense", "--key", key, check=False)
    assert refused.returncode == 1 and not os.path.exists(key)


def test_a_key_can_be_locked_and_named(tmp_path):
    secret, key = str(tmp_path / "pass"), str(tmp_path / "ocsp.key")
    with open(secret, "w", encoding="utf-8") as file:
        file.write("合言葉\n")
    os.chmod(secret, 0o600)
    done = stillgood("signer", "request", "--subject", r"C=JP, O=Still\, good, CN=署名 2027", "--key", key,
                     "--passphrase-file", secret, "--json")
    request = x509.load_pem_x509_csr(json.loads(done.stdout)["request"].encode())
    names = {a.oid: a.value for a in request.subject}
    assert names[NameOID.ORGANIZATION_NAME] == "Still, good" and names[NameOID.COMMON_NAME] == "署名 2027"
    with open(key, "rb") as file:
        text = file.read()
    assert b"ENCRYPTED" in text
    serialization.load_pem_private_key(text, "合言葉".encode())


@pytest.mark.parametrize("algorithm", ["rsa2048", "p256"])
def test_a_key_can_be_made_in_a_token(ca, tmp_path, monkeypatch, algorithm):
    token = tokens.Token(str(tmp_path / "hsm"))
    monkeypatch.setenv("SOFTHSM2_CONF", token.conf)
    for name, value in tokens.environment(token.folder).items():
        monkeypatch.setenv(name, value)
    out, uri = str(tmp_path / "ocsp.csr"), token.uri("made", module_path=tokens.SOFTHSM)
    more = ["--key", uri, "--passphrase-file", token.pin_file]
    stillgood("signer", "request", "--issuer", "A", "--algorithm", algorithm, "--out", out, *more)
    assert request_of(out).is_signature_valid
    again = stillgood("signer", "request", "--issuer", "A", *more, check=False)
    assert again.returncode == 1 and "none is ever replaced" in again.stderr
    certificate = certified(ca, out)
    assert "ok, may sign" in stillgood("signer", "check", certificate, "--ca", ca.certificate, *more).stdout


@pytest.mark.parametrize("wrong,words", [
    ("key", "this is not the key of"), ("request", "this is not the key of"),
    ("ca", "its issuer is not the subject of"), ("extensions", "lacks the extended key usage OCSPSigning"),
    ("expired", "it expired at"), ("file", "No such file")])
def test_what_serve_would_refuse_check_refuses(ca, pg, tmp_path, wrong, words):
    """Row 20: before it is installed."""
    key, out = str(tmp_path / "ocsp.key"), str(tmp_path / "ocsp.csr")
    stillgood("signer", "request", "--issuer", "A", "--key", key, "--out", out)
    certificate = certified(ca, out, extensions=wrong != "extensions")
    arguments = {"--ca": ca.certificate, "--key": key}
    if wrong == "key":
        arguments["--key"] = ca.signer_key
    if wrong == "request":
        certificate, arguments = ca.signer_certificate, {"--ca": ca.certificate, "--request": out}
    if wrong == "ca":
        arguments["--ca"] = ca.path("good.pem")
    if wrong == "expired":
        old = delegate(ca, "old", -60, starts=-7200)
        certificate, arguments["--key"] = old["certificate"], old["key"]
    if wrong == "file":
        certificate = str(tmp_path / "none.pem")
    done = stillgood("signer", "check", certificate, *(x for pair in arguments.items() for x in pair),
                     "--json", check=False)
    assert done.returncode == 1
    findings = json.loads(done.stdout)["findings"]
    assert any(words in finding["text"] for finding in findings if finding["level"] == "refused")


def renewing(tmp_path, pg, ca, script, days=20, **server):
    """An instance whose signer ends within 30 days; the command is a script."""
    path = str(tmp_path / "renew")
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + script)
    os.chmod(path, 0o755)
    short = delegate(ca, "short", days * 86400)
    issuer = {"certificate": ca.certificate, "signer_certificate": short["certificate"],
              "signer_key": short["key"]}
    return harness.Responder(str(tmp_path / "instance"), pg, {"Renewed": issuer},
                             server={"renew_command": path, **server})


def test_a_signer_that_ends_soon_is_renewed_by_itself(tmp_path, pg, ca):
    """Row 22: the alarm, the command with what it needs and nothing else, and a reload that ends both."""
    new = delegate(ca, "new", 200 * 86400)
    script = (f"env | sort >{tmp_path}/env; ls -l /proc/self/fd >{tmp_path}/fds; echo 'it \"says\"'\n"
              f"cat {new['key']} >{ca.path('short.key')}; cat {new['certificate']} >$STILLGOOD_CERTIFICATE\n")
    responder = renewing(tmp_path, pg, ca, script)
    os.environ["A_SECRET"] = "of the warden's"
    try:
        with responder:
            wait_for("the alarm", lambda: "alarm=signer_ends_soon" in responder.log())
            wait_for("the renewal", lambda: "renew_command is done" in responder.log())
            wait_for("the alarm to end", lambda: not [
                a for room in responder.status()["rooms"] if room["name"].startswith("signer")
                for a in room["status"].get("alarms", [])])
            assert len(re.findall("renew_command begins", responder.log())) == 1
            assert 'renew_command says issuer="Renewed": it' in responder.log()
    finally:
        del os.environ["A_SECRET"]
    with open(tmp_path / "env", encoding="utf-8") as file:
        environment = dict(line.rstrip("\n").split("=", 1) for line in file)
    assert environment["STILLGOOD_ISSUER"] == "Renewed" and environment["STILLGOOD_CA"] == ca.certificate
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", environment["STILLGOOD_NOT_AFTER"])
    assert "A_SECRET" not in environment
    with open(tmp_path / "fds", encoding="utf-8") as file:
        assert len([line for line in file if "->" in line]) <= 4  # 0, 1, 2 and ls's own


def test_a_command_that_does_not_end_is_ended_and_one_that_fails_is_said(tmp_path, pg, ca):
    responder = renewing(tmp_path, pg, ca, f"sleep 1000 & echo $! >{tmp_path}/child\nsleep 1000\n",
                         renew_timeout="1s")
    with responder:
        wait_for("the deadline", lambda: "renew_command was ended at its deadline" in responder.log())
        with open(tmp_path / "child", encoding="ascii") as file:
            child = int(file.read())
        wait_for("its children to be ended", lambda: not os.path.exists(f"/proc/{child}")
                 or "Z" in open(f"/proc/{child}/stat", encoding="ascii").read().split(")")[1][:3])
        assert responder.ready()
    with renewing(tmp_path, pg, ca, "exit 3\n") as responder:
        wait_for("the failure", lambda: 'renew_command failed issuer="Renewed" status=3' in responder.log())
        assert responder.ready()


def test_what_a_command_leaves_behind_does_not_hold_up_the_warden(tmp_path, pg, ca):
    """A process out of its group that goes on saying something for as long as anybody reads (doc/faults.md row 20)."""
    left = tmp_path / "left"
    with renewing(tmp_path, pg, ca, f"setsid yes 'it goes on' & echo $! >{left}\nsleep 1\nexit 3\n") as responder:
        try:
            wait_for("the failure", lambda: 'renew_command failed issuer="Renewed" status=3' in responder.log())
            assert responder.ready()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(left.read_text(encoding="ascii")), signal.SIGKILL)


def test_a_signer_that_lasts_is_left_alone(tmp_path, pg, ca):
    with renewing(tmp_path, pg, ca, f"touch {tmp_path}/ran\n", days=40) as responder:
        stillgood("ask", ca.path("good.pem"), "--issuer", ca.certificate, "--url", responder.url)
        assert "renew_command" not in responder.log() and not os.path.exists(tmp_path / "ran")
