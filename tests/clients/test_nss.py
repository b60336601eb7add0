"""NSS, the library under Firefox and Thunderbird, by its own tools: its classic checker
(`ocspclnt`), its PKIX checker (`vfychain`), and its judgement of a staple (`tstclnt`). It reads
strict DER and asks with SHA-1. doc/protocol.md, H; P-9, P-24, P-25, P-26, P-27, P-31."""
import subprocess

import pytest

import harness
from harness import run
from site_under_test import ANSWERS
from table import package_version

PACKAGE = "libnss3-tools"

# What NSS says of each state, in words of NSS.
SAYS = {
    "good": "succeeded.",
    "revoked": "Peer's Certificate has been revoked.",
    "held": "Peer's Certificate has been revoked.",
    "unknown": "The OCSP server has no status for the certificate.",
    "late": "The OCSP server suggests trying again later.",
}


@pytest.fixture(scope="module")
def store(site, tmp_path_factory):
    """A certificate store that trusts the CA, as NSS names it."""
    name = f"sql:{tmp_path_factory.mktemp('nss')}"
    run("certutil", "-N", "-d", name, "--empty-password")
    run("certutil", "-A", "-d", name, "-n", "ca", "-t", "CT,C,C", "-a", "-i", site.ca.certificate)
    return name


@pytest.mark.parametrize("state", SAYS)
def test_ocspclnt_tells_every_answer_apart(site, store, record, state):
    """GET, then POST where that was no proof. The status alone (-S), and a server's chain (-V), which
    newer versions judge by libpkix: its one message for all that it does not admit is "revoked"."""
    result = run("ocspclnt", "-d", store, "-S", site.path(state), "-a", check=False)
    assert SAYS[state] in result.stdout, result
    result = run("ocspclnt", "-d", store, "-u", "s", "-V", site.path(state), "-a", check=False)
    refused = state != "good" and SAYS["revoked"] in result.stdout
    assert SAYS[state] in result.stdout or refused, result
    record("NSS ocspclnt", package_version(PACKAGE), "GET, then POST", ANSWERS[state],
           "valid" if state == "good" else SAYS[state].rstrip("."))


@pytest.mark.parametrize("state,code,sound", [
    ("good", 0, "Chain is good!"), ("revoked", 1, "has been revoked"),
    ("held", 1, "has been revoked"), ("unknown", 1, "has been revoked"),
    ("late", 1, "has been revoked")])
def test_the_pkix_checker_that_must_know_admits_only_good(site, store, record, state, code, sound):
    """failIfNoInfo: libpkix has one message, "revoked", for all that it does not admit."""
    result = run("vfychain", "-d", store, "-pp", "-u", "1", "-g", "leaf", "-m", "ocsp", "-s",
                 "failIfNoInfo", "-a", site.path(state), check=False)
    assert result.returncode == code and sound in result.stdout + result.stderr, result
    record("NSS libpkix (vfychain)", package_version(PACKAGE), "hard fail; soft fail",
           ANSWERS[state], {"good": "valid", "revoked": "revoked", "held": "revoked"}.get(
               state, "refused; valid"))


@pytest.mark.parametrize("state,code", [
    ("good", 0), ("revoked", 1), ("held", 1), ("unknown", 0), ("late", 0)])
def test_the_pkix_checker_that_may_go_on_still_refuses_revoked(site, store, state, code):
    result = run("vfychain", "-d", store, "-pp", "-u", "1", "-g", "leaf", "-m", "ocsp", "-a",
                 site.path(state), check=False)
    assert result.returncode == code, result


def test_nss_prints_what_it_reads_as_plain_basic_response(site, store, tmp_path):
    """P-24, P-25, P-31: no version, a key as responder ID, no empty extensions."""
    out = str(tmp_path / "response.der")
    with open(out, "wb") as file:
        file.write(site.responder.post(site.request("good"))[1])
    with open(out, "rb") as file:
        shown = subprocess.run(["ocspclnt", "-d", store, "-P"], stdin=file, capture_output=True,
                               timeout=300, check=True).stdout.decode()
    for line in ("Response Status: successful", "Version: DEFAULT", "Responder ID (byKey):",
                 "Status: Cert is good.", "No Single Response Extensions", "No Response Extensions",
                 "Hash Algorithm: SHA-1"):
        assert line in shown


@pytest.mark.parametrize("state,code", [
    ("good", 0), ("revoked", 3), ("held", 3), ("unknown", 2), ("late", 2)])
def test_nss_judges_our_answers_as_staples(site, store, record, tmp_path, state, code):
    """tstclnt -F: 0 fresh and good, 2 missing, old or invalid, 3 fresh and revoked."""
    answer = str(tmp_path / "staple.der")
    with open(answer, "wb") as file:
        responder = site.late if state == "late" else site.responder
        file.write(responder.post(site.request(state))[1])
    port = harness.free_port()
    server = subprocess.Popen(
        ["openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{port}", "-cert",
         site.path(state), "-key", site.key(state), "-status_file", answer, "-naccept", "2"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        harness.wait_for("s_server", lambda: run(
            "tstclnt", "-4", "-h", "127.0.0.1", "-p", port, "-q", "-t", "1", "-d", store,
            check=False).returncode == 0)
        result = run("tstclnt", "-4", "-a", "localhost", "-h", "127.0.0.1", "-p", port, "-F", "-M",
                     "1", "-T", "-O", "-d", store, check=False, input="")
        assert result.returncode == code, result
    finally:
        server.terminate()
        server.wait(timeout=60)
    record("NSS tstclnt", package_version(PACKAGE), "staple, OCSP required", ANSWERS[state],
           {0: "good", 2: "no valid status", 3: "revoked"}[code])
