"""Profiles: what `check` names and `serve` refuses (doc/protocol.md, F; P-22, P-35, P-39)."""
import json
import os

import pytest
from asn1crypto.ocsp import OCSPResponse

import harness
from harness import DemoCA, Postgres, run, stillgood


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("profiles"))
    with Postgres() as pg:
        stillgood("db", "init", "--database", pg.conninfo)
        ca = DemoCA(os.path.join(folder, "ca"), key="P-256")
        stillgood("issuer", "add", ca.certificate, "--name", "Demo", "--database", pg.conninfo)
        yield folder, pg, ca


def conf_of(site, folder, profile, **options):
    _, pg, ca = site
    issuer = {"certificate": ca.certificate, "signer_certificate": ca.signer_certificate,
              "signer_key": ca.signer_key, "profile": profile, **options}
    return harness.Responder(str(folder), pg, {"Demo": issuer})


def check(responder):
    """{level: [(requirement, text)]} and the configuration that holds."""
    result = stillgood("check", "-c", responder.conf, "--json", check=False)
    document = json.loads(result.stdout)
    found = {level: [(f.get("requirement", ""), f["text"]) for f in document["findings"]
                     if f["level"] == level] for level in ("ok", "warning", "error", "refused")}
    assert (result.returncode == 0) == (not found["refused"] + found["error"])
    return found, document["configuration"]


def serve_refuses(responder):
    """Its log; it must not have started."""
    result = stillgood("serve", "-c", responder.conf, check=False)
    assert result.returncode == 1 and not os.path.exists(responder.control_socket)
    return result.stderr


@pytest.mark.parametrize("profile", ["private", "webpki", "smime", "codesigning", "qualified",
                                     "lightweight"])
def test_the_demo_and_its_defaults_satisfy_every_profile(site, tmp_path, profile):
    """F-private, F-webpki, F-smime, F-codesigning, F-qualified, F-lightweight"""
    found, configuration = check(conf_of(site, tmp_path, profile))
    assert found["refused"] == []
    assert f"profile = {profile}\n" in configuration
    quiet = profile in ("webpki", "lightweight")
    assert f"nonce = {'ignore' if quiet else 'echo'}\n" in configuration
    day = profile in ("webpki", "smime", "codesigning")
    assert f"validity = {'1d' if day else '8h'}\n" in configuration


def test_check_names_every_violation_with_its_requirement(site, tmp_path):
    """F-webpki, P-22"""
    responder = conf_of(site, tmp_path, "webpki", validity="1h", complete="no")
    found, _ = check(responder)
    assert [(r, t.split(": ")[1]) for r, t in found["refused"]] == [
        ("P-22", "complete = no"), ("F-webpki", "validity = 1h")]
    text = stillgood("check", "-c", responder.conf, check=False).stdout
    assert 'refused: F-webpki: issuer "Demo": validity = 1h' in text
    assert 'refused: P-22: issuer "Demo": complete = no: CRL-only' in text


def test_serve_refuses_what_check_refuses(site, tmp_path):
    """F-webpki, F-lightweight"""
    log = serve_refuses(conf_of(site, tmp_path / "a", "webpki", validity="1h", complete="no"))
    assert 'F-webpki: issuer "Demo": validity = 1h' in log
    assert 'P-22: issuer "Demo": complete = no' in log
    log = serve_refuses(conf_of(site, tmp_path / "b", "lightweight", nonce="echo"))
    assert 'F-lightweight: issuer "Demo": nonce = echo' in log and "[serve refuses to start]" in log


def issue_signer(ca, name, extensions, *extra):
    """A delegated signer's certificate for the demo signer's key."""
    path = ca.issue(name, key_file=ca.signer_key, extensions=extensions)
    if extra:
        run("openssl", "x509", "-req", "-in", ca.path(name + ".csr"), "-CA", ca.certificate,
            "-CAkey", ca.path("ca.key"), "-set_serial", "0x777", "-days", "365",
            "-extfile", ca.path(name + ".ext"), "-out", path, *extra)
    return path


GOOD = "keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\n"


@pytest.mark.parametrize("name, extensions, extra, requirement, words", [
    ("no-nocheck", GOOD.replace("noCheck=ignored\n", ""), (), "P-35", "lacks id-pkix-ocsp-nocheck"),
    ("odd-nocheck", GOOD.replace("noCheck=ignored", "1.3.6.1.5.5.7.48.1.5=DER:0400"), (), "P-35",
     "not NULL"),
    ("no-usage", GOOD.replace("keyUsage=critical,digitalSignature\n", ""), (), "P-35",
     "digitalSignature"),
    ("san", GOOD + "subjectAltName=DNS:ocsp.example\n", (), "P-39", "alternative names"),
    ("policies", GOOD + "certificatePolicies=1.2.3\n", (), "P-39", "policies"),
    ("points", GOOD + "crlDistributionPoints=URI:http://crl.example/\n", (), "P-39",
     "CRL distribution points"),
    ("constraints", GOOD + "nameConstraints=permitted;DNS:example\n", (), "P-39",
     "name constraints"),
    ("sha1", GOOD, ("-sha1",), "P-39", "weak digest"),
])
def test_an_unwise_signer_is_warned_of_and_refused_by_webpki(site, tmp_path, name, extensions, extra,
                                                             requirement, words):
    """P-35, P-39, F-webpki"""
    _, _, ca = site
    path = issue_signer(ca, name, extensions, *extra)
    found, _ = check(conf_of(site, tmp_path / "private", "private", signer_certificate=path))
    assert found["refused"] == []
    assert any(r == requirement and words in t and path in t for r, t in found["warning"]), found
    responder = conf_of(site, tmp_path / "webpki", "webpki", signer_certificate=path)
    found, _ = check(responder)
    assert any(r == requirement and words in t and path in t for r, t in found["refused"]), found
    assert f"{requirement}: " in serve_refuses(responder)


def test_a_key_that_cannot_be_used_is_named_by_its_requirement(site, tmp_path):
    """P-35"""
    _, _, ca = site
    found, _ = check(conf_of(site, tmp_path, "private", signer_key=ca.path("ca.key")))
    assert [r for r, _ in found["refused"]] == ["P-35"]
    assert "not the key of" in found["refused"][0][1]


# ---- on the wire ---------------------------------------------------------------------------------

def ask(site, responder, certificate, digest):
    """The answer to a question with a nonce, as asn1crypto reads it."""
    _, _, ca = site
    request = ca.path("request.der")
    run("openssl", "ocsp", f"-{digest}", "-issuer", ca.certificate, "-cert", certificate,
        "-reqout", request)
    assert b"\x2b\x06\x01\x05\x05\x07\x30\x01\x02" in open(request, "rb").read(), "a nonce"
    with open(request, "rb") as file:
        status, body, _ = responder.post(file.read())
    assert status == 200
    return OCSPResponse.load(body, strict=True).basic_ocsp_response["tbs_response_data"]


@pytest.mark.parametrize("profile, seconds", [("lightweight", 8 * 3600), ("webpki", 86400)])
def test_a_nonce_is_ignored_and_the_answer_has_no_response_extensions(site, tmp_path, profile,
                                                                      seconds):
    """F-lightweight, F-webpki, P-16, P-25, P-31"""
    _, pg, ca = site
    certificate = ca.issue(f"asked-{profile}")
    stillgood("import", "certs", certificate, "--database", pg.conninfo)
    with conf_of(site, tmp_path, profile).start() as responder:
        for digest in ("sha1", "sha256"):
            data = ask(site, responder, certificate, digest)
            assert data["response_extensions"].native is None
            assert data["responder_id"].name == "by_key"
            single = data["responses"][0]
            assert single["cert_id"]["hash_algorithm"]["algorithm"].native == digest
            assert single["cert_status"].name == "good"
            life = single["next_update"].native - single["this_update"].native
            assert life.total_seconds() == seconds - 1


# ---- the database --------------------------------------------------------------------------------

def test_certificates_on_hold_are_refused_where_there_is_no_hold(site, tmp_path):
    """F-webpki, F-smime, F-codesigning"""
    _, pg, _ = site
    pg.sql("SELECT stillgood.issue('Demo', '\\x7001'), stillgood.issue('Demo', '\\x7002')")
    pg.sql("SELECT stillgood.hold('Demo', '\\x7001')")
    pg.sql("SELECT stillgood.hold('Demo', '\\x7002')")
    try:
        for profile in ("webpki", "smime", "codesigning"):
            found, _ = check(conf_of(site, tmp_path / profile, profile))
            assert [r for r, _ in found["error"]] == [f"F-{profile}"]
            assert "on hold" in found["error"][0][1] and "2, the first is 7001" in \
                found["error"][0][1]
        for profile in ("private", "qualified", "lightweight"):
            assert check(conf_of(site, tmp_path / profile, profile))[0]["error"] == []
    finally:
        pg.sql("SELECT stillgood.release('Demo', '\\x7001')")
        pg.sql("SELECT stillgood.release('Demo', '\\x7002')")


@pytest.mark.parametrize("reason, refused", [
    (None, True), ("unspecified", True), ("cACompromise", True), ("keyCompromise", False),
    ("cessationOfOperation", False),
])
def test_a_revoked_ca_needs_a_permitted_reason(site, tmp_path, reason, refused):
    """F-webpki, P-32"""
    _, pg, ca = site
    name = f"Below {reason}"
    below = ca.issue(name, extensions="basicConstraints=critical,CA:TRUE\n"
                                      "keyUsage=critical,keyCertSign,cRLSign\n")
    stillgood("issuer", "add", below, "--name", name, "--database", pg.conninfo)
    stillgood("import", "certs", below, "--database", pg.conninfo)
    words = ["--reason", reason] if reason else []
    stillgood("revoke", below, *words, "--database", pg.conninfo)
    found, _ = check(conf_of(site, tmp_path, "webpki"))
    named = [r for r, t in found["error"] if f'CA "{name}"' in t]
    assert named == (["F-webpki"] if refused else [])
    assert check(conf_of(site, tmp_path / "p", "private"))[0]["error"] == []


# ---- status --------------------------------------------------------------------------------------

def test_status_shows_who_is_known_by_crl_alone(site, tmp_path):
    """P-22"""
    for complete in ("no", "yes"):
        responder = conf_of(site, tmp_path / complete, "private", complete=complete)
        with responder.start():
            words = ("status", "--socket", responder.control_socket)
            document = json.loads(stillgood(*words, "--json").stdout)
            text = stillgood(*words).stdout
        assert document["crl_only"] == (["Demo"] if complete == "no" else [])
        assert ("CRL-only   Demo" in text) == (complete == "no")
