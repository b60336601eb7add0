"""Bad input to serve: one clear line, exit status 1, nothing half-started."""
import os
import re
import shutil
import socket
import subprocess

import pytest

import harness
from harness import run, stillgood


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("errors"))
    with harness.Postgres() as pg:
        stillgood("db", "init", "--database", pg.conninfo)
        ca = harness.DemoCA(os.path.join(folder, "ca"), key="P-256")
        stillgood("issuer", "add", ca.certificate, "--name", "Demo", "--database", pg.conninfo)
        yield folder, pg, ca


def refused(site, change, pattern, command="serve"):
    """serve (or check) with a changed configuration fails with one line that says so."""
    folder, pg, ca = site
    responder = harness.Responder(os.path.join(folder, "case"), pg, {"Demo": ca})
    with open(responder.conf, encoding="utf-8") as file:
        text = file.read()
    with open(responder.conf, "w", encoding="utf-8") as file:
        file.write(change(text))
    result = subprocess.run([harness.STILLGOOD, command, "-c", responder.conf],
                            capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 1, result
    output = result.stderr + (result.stdout if command == "check" else "")
    assert re.search(pattern, output), output
    if command == "serve":
        assert not os.path.exists(responder.control_socket)
        with socket.socket() as s:
            assert s.connect_ex(("127.0.0.1", responder.port)) != 0
    return output


@pytest.mark.parametrize("command", ["serve", "check"])
@pytest.mark.parametrize("change,pattern", [
    (lambda t: t.replace("fronts = 1", "frnts = 1"), r"stillgood\.conf:5: .*frnts.*fronts"),
    (lambda t: t.replace("fronts = 1", "fronts = many"), r"stillgood\.conf:5: .*fronts"),
    (lambda t: t.replace("fronts = 1", "fronts = 1\nfronts = 2"), r"stillgood\.conf:6: .*fronts"),
    (lambda t: t.replace("[defaults]", "[defualts]"), r"defualts.*defaults"),
    (lambda t: re.sub(r"signer_key = .*\n", "", t), r"signer_key"),
    (lambda t: re.sub(r"conninfo = .*\n", "", t), r"conninfo"),
    (lambda t: re.sub(r"(signer_key = ).*", r"\1/nowhere/key.pem", t),
     r"/nowhere/key\.pem.*No such file"),
    (lambda t: t + "[issuer \"Demo\"]\ncertificate = x\n", r"Demo"),
])
def test_a_configuration_error_names_file_line_and_remedy(site, command, change, pattern):
    refused(site, change, pattern, command)


def test_a_missing_configuration_file_is_named():
    result = stillgood("serve", "-c", "/nowhere/stillgood.conf", check=False)
    assert result.returncode == 1
    assert "/nowhere/stillgood.conf" in result.stderr and "No such file" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr


def with_file(option, path):
    return lambda text: re.sub(rf"^{option} = .*$", f"{option} = {path}", text, flags=re.M)


def test_a_key_that_does_not_match_is_refused(site):
    """P-35"""
    folder, _, ca = site
    other = os.path.join(folder, "other.key")
    ca._key(other, "P-256")
    refused(site, with_file("signer_key", other), r"other\.key: this is not the key of .*signer\.pem")


def test_a_signer_of_another_ca_of_the_same_name_is_refused(site):
    """P-35, doc/faults.md row 20"""
    folder, _, _ = site
    other = harness.DemoCA(os.path.join(folder, "impostor"), key="P-256")
    refused(site, lambda t: with_file("signer_key", other.signer_key)(
        with_file("signer_certificate", other.signer_certificate)(t)), r"signer\.pem")


def test_a_truncated_key_is_refused(site):
    folder, _, ca = site
    short = os.path.join(folder, "short.key")
    with open(ca.signer_key, encoding="ascii") as whole, open(short, "w", encoding="ascii") as file:
        file.write(whole.read()[:80])
    refused(site, with_file("signer_key", short), r"short\.key")


def test_a_signer_without_the_ocsp_signing_usage_is_refused(site):
    """P-35"""
    folder, _, ca = site
    plain = ca.issue("plain")
    refused(site, lambda t: with_file("signer_key", ca.path("plain.key"))(
        with_file("signer_certificate", plain)(t)), r"plain\.pem.*OCSP")


def test_an_expired_signer_is_refused(site):
    """P-35"""
    folder, _, ca = site
    extensions = ("keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\n"
                  "noCheck=ignored\nauthorityKeyIdentifier=keyid\n")
    expired = ca.issue("expired", extensions=extensions, days=-1)
    refused(site, lambda t: with_file("signer_key", ca.path("expired.key"))(
        with_file("signer_certificate", expired)(t)), r"expired\.pem.*expired")


def test_a_schema_that_is_not_there_is_refused_with_the_command_that_mends_it(site, tmp_path):
    folder, pg, ca = site
    pg.sql("CREATE DATABASE empty")
    refused(site, lambda t: t.replace("dbname=postgres", "dbname=empty"),
            r"stillgood db init")
    refused(site, lambda t: t.replace("dbname=postgres", "dbname=empty"),
            r"stillgood db init", "check")


def test_a_schema_from_the_future_is_refused(site):
    folder, pg, ca = site
    pg.sql("CREATE DATABASE future")
    conninfo = pg.conninfo.replace("dbname=postgres", "dbname=future")
    stillgood("db", "init", "--database", conninfo)
    with pg.connect(dbname="future") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE t AS SELECT * FROM stillgood.migration LIMIT 1;"
                       "UPDATE t SET number = 9999;"
                       "INSERT INTO stillgood.migration SELECT * FROM t")
    refused(site, lambda t: t.replace("dbname=postgres", "dbname=future"), r"newer|upgrade")


def test_an_issuer_that_is_not_registered_is_refused_by_check(site):
    refused(site, lambda t: t.replace('[issuer "Demo"]', '[issuer "Other"]'),
            r'registered as "Demo", not as "Other"', "check")


def test_serve_starts_without_its_database_and_says_try_later(site):
    folder, pg, ca = site
    responder = harness.Responder(
        os.path.join(folder, "nodb"), pg, {"Demo": ca}, database={
            "conninfo": "host=/nowhere dbname=x user=y", "freshness": "1s",
            "query_timeout": "500ms"})
    responder.start(ready=False)
    try:
        harness.wait_for("an HTTP answer", lambda: responder.get("readyz")[0] == 503)
        assert responder.get("healthz")[0] == 200
        request = os.path.join(folder, "request.der")
        ca.issue("any")
        run("openssl", "ocsp", "-issuer", ca.certificate, "-cert", ca.path("any.pem"),
            "-no_nonce", "-reqout", request)
        with open(request, "rb") as file:
            status, body, headers = responder.post(file.read())
        assert (status, body) == (200, bytes.fromhex("30030a0103")), "tryLater (P-20, P-21)"
        assert "no-store" in headers["Cache-Control"]
    finally:
        assert responder.stop() == 0
    shutil.rmtree(responder.folder)
