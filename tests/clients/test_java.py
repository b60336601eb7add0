"""Java's PKIX revocation checker: GET by default, POST where asked to, soft and hard fail."""
import pytest

import java_programs
from wiretap import Wiretap

STATES = ["good", "revoked", "held", "unknown", "late"]
UNKNOWN = "UNDETERMINED_REVOCATION_STATUS Certificate's revocation status is unknown"
TRY_LATER = "UNDETERMINED_REVOCATION_STATUS OCSP response error: TRY_LATER"
UNAUTHORIZED = "UNSPECIFIED OCSP response error: UNAUTHORIZED"
HARD = {"good": "valid", "revoked": "REVOKED KEY_COMPROMISE", "held": "REVOKED CERTIFICATE_HOLD",
        "unknown": UNKNOWN, "late": TRY_LATER}
# A soft failure is one that is told afterwards; what is revoked stays so.
SOFT = {**HARD, "unknown": "valid 1", "late": "valid 1"}
EXPECTED = {"hard": HARD, "soft": SOFT}

# Oracle's documented switches: GET up to 255 octets unless switched off; a nonce of 32 octets.
METHODS = {
    "GET": {},
    "POST": {"com.sun.security.ocsp.useget": "false", "jdk.security.certpath.ocspNonce": "true"},
}
CELLS = {"good": "good", "revoked": "revoked", "unknown": "unknown", "late": "tryLater"}


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    return java_programs.compiled(str(tmp_path_factory.mktemp("java")), "CheckRevocation")


@pytest.fixture(scope="module", params=METHODS)
def outcomes(request, site, check):
    """(method, {(mode, state): line}, requests): one virtual machine for all states."""
    cases = [(mode, state) for mode in EXPECTED for state in STATES]
    with Wiretap(site.responder.port) as tap, Wiretap(site.late.port) as late:
        words = [word for mode, state in cases for word in
                 (mode, (late if state == "late" else tap).url, site.path(state))]
        lines = check("SUN", site.ca.certificate, *words, properties=METHODS[request.param])
        asked = tap.requests() + late.requests()
    assert len(lines) == len(cases)
    return request.param, dict(zip(cases, lines)), asked


@pytest.mark.parametrize("mode", EXPECTED)
@pytest.mark.parametrize("state", STATES)
def test_java_takes_every_status_as_meant(outcomes, record, state, mode):
    method, lines, _ = outcomes
    assert lines[mode, state] == EXPECTED[mode][state]
    if mode == "hard" and state in CELLS:
        record(f"Java PKIX ({method})", java_programs.version(),
               "32-octet nonce" if method == "POST" else "SHA-1 CertID", CELLS[state],
               "accepted" if state == "good" else "refused; passes soft-fail"
               if lines["soft", state].startswith("valid") else "refused, soft-fail too")


def test_java_asks_by_the_method_that_was_chosen(outcomes):
    """P-40, P-41: GET with %2B, %2F, %3D, or POST."""
    method, _, asked = outcomes
    assert {request[0] for request in asked} == {method}
    assert all((body == b"") == (method == "GET") for *_, body in asked)
    if method == "GET":
        assert any("%2F" in path or "%2B" in path for _, path, _, _ in asked)


def test_unauthorized_is_a_hard_failure_even_in_soft_mode(site, check):
    """P-22: that is why an unknown issuer must not be taken for a failing responder."""
    ca, certificate = java_programs.unregistered(site)
    assert check("SUN", ca, "soft", site.responder.url, certificate) == [UNAUTHORIZED]


def test_java_finds_the_responder_in_the_certificate(site, check):
    assert check("SUN", site.ca.certificate, "hard", "-", site.path("good")) == ["valid"]
