"""Bouncy Castle, twice: its OCSP classes (bcpkix), and its PKIX path validation (bcprov)."""
import pytest

import java_programs
import table

JARS = [f"/usr/share/java/{name}.jar" for name in ("bcprov", "bcpkix", "bcutil")]
STATES = ["good", "revoked", "held", "unknown", "late"]
ANSWERS = {"good": "good", "revoked": "revoked 1", "held": "revoked 6", "unknown": "unknown",
           "late": "error 3"}
# Its words for a status that is neither good nor revoked are "revoked, details unknown".
VALIDATION = {"good": "valid", "revoked": "reason=(CRLReason: keyCompromise)",
              "held": "reason=(CRLReason: certificateHold)",
              "unknown": "certificate revoked, details unknown", "late": "OCSP responder failed: 3"}
CELLS = {"good": "good", "revoked": "revoked", "unknown": "unknown", "late": "tryLater"}


@pytest.fixture(scope="module")
def answers(site, tmp_path_factory):
    ask = java_programs.compiled(str(tmp_path_factory.mktemp("bcpkix")), "AskWithBouncyCastle",
                                 JARS)
    words = [word for state in STATES for word in (site.url(state), site.path(state))]
    return dict(zip(STATES, ask(site.ca.certificate, *words)))


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    return java_programs.compiled(str(tmp_path_factory.mktemp("bcprov")), "CheckRevocation",
                                  JARS[:1])


@pytest.fixture(scope="module")
def outcomes(site, check):
    words = [word for state in STATES for word in ("hard", "-", site.path(state))]
    return dict(zip(STATES, check("BC", site.ca.certificate, *words,
                                  properties={"ocsp.enable": "true"})))


@pytest.mark.parametrize("state", STATES)
def test_the_ocsp_classes_verify_every_answer(answers, record, state):
    """P-10, P-11, P-16, P-24, P-26, P-27, P-30: what AskWithBouncyCastle.java requires."""
    assert answers[state] == ANSWERS[state]
    if state in CELLS:
        record("Bouncy Castle OCSP classes", table.package_version("libbcpkix-java"),
               "POST, 32-octet nonce, SHA-1 CertID, DER compared", CELLS[state], answers[state])


@pytest.mark.parametrize("state", STATES)
def test_the_path_validation_takes_every_status_as_meant(outcomes, record, state):
    """P-13: without a nonce to send it sends an empty list of extensions."""
    assert outcomes[state] == "valid" if state == "good" else VALIDATION[state] in outcomes[state]
    if state in CELLS:
        record("Bouncy Castle PKIX", table.package_version("libbcprov-java"),
               "POST, empty requestExtensions", CELLS[state],
               "accepted" if state == "good" else "refused")


def test_the_path_validation_refuses_the_answer_unauthorized(site, check):
    """P-22"""
    ca, certificate = java_programs.unregistered(site)
    assert check("BC", ca, "soft", site.responder.url, certificate) == [
        "UNSPECIFIED OCSP responder failed: 6"]
