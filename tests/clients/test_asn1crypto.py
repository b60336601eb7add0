"""Python asn1crypto: strict parsing, and the same bytes when everything is encoded anew (P-24)."""
import pytest
from asn1crypto import ocsp, version, x509

from site_under_test import ANSWERS

STATES = {state: status for state, status in ANSWERS.items() if state != "late"}
CELLS = {"good", "revoked", "unknown"}


def encoded_anew(value):
    """DER made from the parsed values alone: whatever was not minimal or not sorted shows."""
    value.native  # parses to the leaves
    return value.dump(force=True)


def answer(site, state, *options):
    _, body, _ = site.responder.post(site.request(state, *options))
    return body


def basic(der):
    response = ocsp.OCSPResponse.load(der, strict=True)
    assert response["response_status"].native == "successful"
    return response["response_bytes"]["response"]


def test_the_comparison_sees_what_is_not_der(site):
    """It would show nothing otherwise."""
    der = answer(site, "good")
    assert der[:2] == b"\x30\x82"
    longer = b"\x30\x83\0" + der[2:]
    assert encoded_anew(ocsp.OCSPResponse.load(longer, strict=True)) != longer


@pytest.mark.parametrize("nonce", ["-nonce", "-no_nonce"])
@pytest.mark.parametrize("state", STATES)
def test_every_answer_is_der_to_the_leaves(site, record, state, nonce):
    """P-24"""
    der = answer(site, state, nonce)
    assert encoded_anew(ocsp.OCSPResponse.load(der, strict=True)) == der
    inner = basic(der)
    octets = inner.parsed.dump()
    again = ocsp.BasicOCSPResponse.load(octets, strict=True)
    assert encoded_anew(again) == octets
    assert again["tbs_response_data"]["responses"][0]["cert_status"].name == STATES[state]
    for certificate in again["certs"]:
        der = certificate.dump()
        assert encoded_anew(x509.Certificate.load(der, strict=True)) == der
    if state in CELLS:
        record("asn1crypto", version.__version__, "strict, encoded anew", state, "same bytes")


def test_an_error_is_der_without_response_bytes(site, record):
    """P-20"""
    _, der, _ = site.late.post(site.request("late"))
    response = ocsp.OCSPResponse.load(der, strict=True)
    assert response["response_status"].native == "try_later"
    assert response["response_bytes"].native is None and encoded_anew(response) == der
    record("asn1crypto", version.__version__, "strict, encoded anew", "tryLater", "same bytes")


def test_what_may_be_left_out_is_left_out(site):
    """P-24, P-31: no version, no empty sequences; response extensions with a nonce only."""
    data = basic(answer(site, "good")).parsed["tbs_response_data"]
    assert data["response_extensions"].native is None
    assert data["responses"][0]["single_extensions"].native is None
    assert data.contents[0] == 0xA2, "responderID byKey comes first: no version"
    with_nonce = basic(answer(site, "good", "-nonce")).parsed["tbs_response_data"]
    assert [e["extn_id"].native for e in with_nonce["response_extensions"]] == ["nonce"]


def test_the_single_response_repeats_the_certid_as_it_came(site):
    """P-10"""
    request = ocsp.OCSPRequest.load(site.request("revoked"), strict=True)
    asked = request["tbs_request"]["request_list"][0]["req_cert"].dump()
    data = basic(answer(site, "revoked")).parsed["tbs_response_data"]
    assert data["responses"][0]["cert_id"].dump() == asked
