"""pkilint's lint_ocsp_response finds nothing on any answer, at its lowest threshold.

It reads the extensions that it knows: nonce, extended-revoke, archiveCutoff, CrlID, invalidityDate
and the SCT list (as an OCTET STRING). It does not look into certHash, nor into the parameters of
RSASSA-PSS, so a strict parser does that below.
"""
import hashlib

import pytest
from asn1crypto import algos, core
from asn1crypto import ocsp as strict
from cryptography.x509 import ocsp

from answers import FORMS, PSS, REASONS, SIGNERS

ISSUERS = [key.replace(":", "-") for key in SIGNERS] + list(FORMS)
UNSUCCESSFUL = {"malformedRequest": 1, "tryLater": 3, "sigRequired": 5, "unauthorized": 6}
ARCHIVE_CUTOFF, CRL_ID, INVALIDITY_DATE = "1.3.6.1.5.5.7.48.1.6", "1.3.6.1.5.5.7.48.1.3", "2.5.29.24"
CERT_HASH, SCT_LIST = "1.3.36.8.3.13", "1.3.6.1.4.1.11129.2.4.5"


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


def garbled(der, oid):
    """With another ASN.1 type as the value of an extension: its tag follows that of the OCTET STRING."""
    name = core.ObjectIdentifier(oid).dump()
    tag = der.index(name) + len(name) + 2
    assert der[tag - 2] == 0x04 and der[tag - 1] < 0x80
    return der[:tag] + b"\x05" + der[tag + 1:]


def test_the_linter_does_find_what_is_wrong(pkilint, answers, tmp_path):
    """Else the silence below would say nothing: a status that is never used, bytes after the end,
    extensions of another type."""
    good, revoked = answers["extensions good"], answers["extensions superseded"]
    wrong = {"undefined": bytes.fromhex("30030a0104"), "long": answers["P-256 good"] + b"\0",
             "cut": answers["P-256 good"][:-1], "archiveCutoff": garbled(good, ARCHIVE_CUTOFF),
             "SCT list": garbled(good, SCT_LIST), "CrlID": garbled(revoked, CRL_ID)}
    assert set(findings(pkilint, tmp_path, wrong)) == set(wrong)


def test_the_linter_finds_nothing_on_any_answer(pkilint, answers, tmp_path):
    """P-15, P-20, P-22, P-24 to P-31, P-36"""
    assert len(answers) > 300
    assert findings(pkilint, tmp_path, answers) == {}


@pytest.mark.parametrize("issuer", ISSUERS)
def test_what_was_linted_is_what_its_name_says(answers, issuer):
    closed = issuer == "closed"
    expected = {"good": "good", "good nonce": "good", "twenty-octets": "good", "held": "revoked",
                "unknown": "revoked" if issuer == "extended-revoke" else "unknown",
                "invalidity": "revoked", **{reason: "revoked" for reason in REASONS}}
    for state, answer in expected.items():
        assert status(answers[f"{issuer} {state}"]) == ("revoked" if closed else answer), state


def test_what_was_linted_ends_when_it_is_meant_to(answers):
    """P-27, P-53"""
    def life(name):
        response = ocsp.load_der_ocsp_response(answers[name])
        return (response.next_update - response.this_update).total_seconds()
    assert life("ends-soon good") <= 3600 and life("ends-soon superseded") <= 3600
    assert life("ends-soon unknown") == life("lightweight good") == 8 * 3600 - 1
    assert life("final good") > 8 * 3600 and life("final superseded") > 8 * 3600
    assert life("final held") == life("final unknown") == 8 * 3600 - 1


def basic(der):
    return strict.OCSPResponse.load(der, strict=True).basic_ocsp_response


class DigestWithoutParameters(core.Sequence):
    """As RFC 5754, section 2, wants those of SHA-2 written."""
    _fields = [("algorithm", algos.DigestAlgorithmId)]


class CertHash(core.Sequence):
    _fields = [("algorithm", DigestWithoutParameters), ("hash", core.OctetString)]


def cert_hash(digest):
    return CertHash({"algorithm": {"algorithm": "sha256"}, "hash": digest}).dump()


@pytest.mark.parametrize("name,wanted", {
    "extensions good": {ARCHIVE_CUTOFF, CERT_HASH, SCT_LIST},
    "extensions keyCompromise": {ARCHIVE_CUTOFF, CERT_HASH, CRL_ID},
    "extensions superseded": {ARCHIVE_CUTOFF, CERT_HASH, CRL_ID},
    "extensions cACompromise": {ARCHIVE_CUTOFF, CERT_HASH, CRL_ID},
    "extensions invalidity": {ARCHIVE_CUTOFF, CERT_HASH, CRL_ID, INVALIDITY_DATE},
    "retention good": {ARCHIVE_CUTOFF},
    "P-256 good": set(),
}.items())
def test_what_was_linted_has_the_extensions_that_are_meant(answers, name, wanted):
    """P-30"""
    single, = basic(answers[name])["tbs_response_data"]["responses"]
    extensions = {e["extn_id"].dotted: e for e in single["single_extensions"] or []}
    assert set(extensions) == wanted
    assert not any(e["critical"].native for e in extensions.values())
    if CERT_HASH in wanted:
        expected = cert_hash(hashlib.sha256(name.split()[1].encode()).digest())
        assert extensions[CERT_HASH]["extn_value"].contents == expected


def test_what_was_linted_has_the_chain_and_the_signatures_that_are_meant(answers):
    """P-26, P-36"""
    assert len(basic(answers["chain good"])["certs"]) == 2
    for name in PSS:
        algorithm = basic(answers[f"{name} good"])["signature_algorithm"]
        assert algorithm["algorithm"].native == "rsassa_pss"
        parameters = algorithm["parameters"].native
        digest = parameters["hash_algorithm"]["algorithm"]
        assert "pss-" + digest == name
        assert parameters["mask_gen_algorithm"]["parameters"]["algorithm"] == digest
        assert parameters["salt_length"] == hashlib.new(digest).digest_size


def test_an_issuer_that_is_not_known_here_was_answered_by_the_default_issuer(answers):
    """P-22"""
    assert status(answers["stranger unknown"]) == "unknown"
    assert (basic(answers["stranger unknown"])["certs"].native
            == basic(answers["P-256 good"])["certs"].native)


@pytest.mark.parametrize("name", UNSUCCESSFUL)
def test_errors_are_the_five_octets_of_their_status(answers, name):
    """P-1, P-20"""
    assert answers[f"error {name}"] == bytes([0x30, 3, 0x0A, 1, UNSUCCESSFUL[name]])
