"""Linters find nothing on the OCSP signer's certificate that quickstart makes."""
import pytest

import harness
from harness import run

# What says how a key identifier was computed, for instance, is information and no finding.
FINDINGS = ["--severity", "NOTICE"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    run("bash", "-c", 'set -euo pipefail; . scripts/demo_ca.sh; state=$1 port=8080; make_ca', "bash",
        folder, cwd=harness.ROOT)
    return folder


def test_the_linter_does_find_what_is_wrong(pkilint, demo):
    """A subscriber's certificate is none of an OCSP responder."""
    (status, output), = pkilint("lint_cabf_serverauth_cert", [
        ["lint", "-t", "OCSP-RESPONDER", *FINDINGS, str(demo / "good.pem")]])
    assert status > 0 and "ocsp_nocheck_extension_absent" in output


def test_the_demo_signer_passes_as_an_ocsp_responder_of_the_baseline_requirements(pkilint, demo):
    """P-35, P-39"""
    assert pkilint("lint_cabf_serverauth_cert", [
        ["lint", "-t", "OCSP-RESPONDER", *FINDINGS, str(demo / "signer.pem")]]) == [(0, "")]


def test_the_demo_certificates_pass_as_pkix_certificates(pkilint, demo):
    names = ("ca", "signer", "good", "revoked", "unknown")
    assert pkilint("lint_pkix_cert", [["lint", *FINDINGS, str(demo / f"{name}.pem")]
                                      for name in names]) == [(0, "")] * len(names)


def test_the_demo_signer_fits_its_issuer(pkilint, demo):
    assert pkilint("lint_pkix_signer_signee_cert_chain", [
        ["lint", *FINDINGS, str(demo / "ca.pem"), str(demo / "signer.pem")]]) == [(0, "")]
