"""strongSwan's OCSP fetch, by its `pki --verify --online`: the code that charon uses for peers."""
import pytest
from cryptography import x509
from cryptography.x509 import ocsp

import table
from harness import run, stillgood
from wiretap import Wiretap

# (exit status, what it says); unknown and tryLater leave the decision to the policy of the caller.
EXPECTED = {
    "good": (0, "certificate status is good"),
    "revoked": (1, "reason: key compromise"),
    "held": (1, "reason: certificate hold"),
    "unknown": (0, "ocsp response contains no status on our certificate"),
    "late": (0, "ocsp response status: try later"),
}
CELLS = {"good": "good", "revoked": "revoked", "unknown": "unknown", "late": "tryLater"}
SIGNED = "ocsp response correctly signed by"


def verify(site, certificate):
    return run("pki", "--verify", "--in", certificate, "--cacert", site.ca.certificate, "--online",
               check=False)


@pytest.mark.parametrize("state", EXPECTED)
def test_strongswan_takes_every_status_as_meant(site, record, state):
    result = verify(site, site.path(state))
    code, words = EXPECTED[state]
    text = result.stdout + result.stderr
    assert result.returncode == code and words in text, text
    assert (SIGNED in text) == (state != "late"), text
    assert ("certificate not revoked" in text) == (state == "good"), text
    if state in CELLS:
        seen = {"good": "trusted, not revoked", "revoked": "untrusted"}
        record("strongSwan", table.package_version("strongswan-pki"),
               "POST, nonce, acceptableResponses", CELLS[state],
               seen.get(state, "no status; revocation checking failed"))


def test_strongswan_asks_with_a_nonce_and_acceptable_responses(site):
    """P-16, P-18: both are in the request, and the answer passes its comparison of the nonce."""
    with Wiretap(site.responder.port) as tap:
        certificate = site.issue("strongswan", url=tap.url)
        stillgood("import", "certs", certificate, "--database", site.pg.conninfo)
        result = verify(site, certificate)
        text = result.stdout + result.stderr
        requests = tap.requests()
    assert [request[0] for request in requests] == ["POST"]
    extensions = ocsp.load_der_ocsp_request(requests[0][3]).extensions
    assert extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.4"))
    assert "certificate status is good" in text and SIGNED in text, text
