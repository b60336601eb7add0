"""pkilint's lint_ocsp_response finds nothing on any answer, at its lowest threshold."""
import pytest
from cryptography.x509 import ocsp

from answers import FORMS, REASONS, SIGNERS

ISSUERS = [key.replace(":", "-") for key in SIGNERS] + list(FORMS)
UNSUCCESSFUL = {"malformedRequest": 1, "tryLater": 3, "unauthorized": 6}


def status(der):
    return ocsp.load_der_ocsp_response(der).certificate_status.name.lower()


def findings(pkilint, folder, answers):
    """{name: output} of those on which the linter says anything."""
    names = list(answers)
    arguments = []
    for number, name in enumerate(names):
        path = folder / f"{number}.der"
        path.write_bytes(answers[name])
        arguments.append(["lint", "--severity", "DEBUG", "--document-format", "DER", str(path)])
    results = pkilint("lint_ocsp_response", arguments)
    return {name: result for name, result in zip(names, results) if result != (0, "")}


def test_the_linter_does_find_what_is_wrong(pkilint, answers, tmp_path):
    """Else the silence below would say nothing: a status that is never used, bytes after the end."""
    wrong = {"undefined": bytes.fromhex("30030a0104"), "long": answers["P-256 good"] + b"\0",
             "cut": answers["P-256 good"][:-1]}
    assert set(findings(pkilint, tmp_path, wrong)) == set(wrong)


def test_the_linter_finds_nothing_on_any_answer(pkilint, answers, tmp_path):
    """P-20, P-24 to P-31, P-36"""
    assert len(answers) > 150
    assert findings(pkilint, tmp_path, answers) == {}


@pytest.mark.parametrize("issuer", ISSUERS)
def test_what_was_linted_is_what_its_name_says(answers, issuer):
    closed = issuer == "closed"
    expected = {"good": "good", "good nonce": "good", "twenty-octets": "good", "held": "revoked",
                "unknown": "revoked" if issuer == "extended-revoke" else "unknown",
                "invalidity": "revoked", **{reason: "revoked" for reason in REASONS}}
    for state, answer in expected.items():
        assert status(answers[f"{issuer} {state}"]) == ("revoked" if closed else answer), state


@pytest.mark.parametrize("name", UNSUCCESSFUL)
def test_errors_are_the_five_octets_of_their_status(answers, name):
    """P-1, P-20"""
    assert answers[f"error {name}"] == bytes([0x30, 3, 0x0A, 1, UNSUCCESSFUL[name]])
