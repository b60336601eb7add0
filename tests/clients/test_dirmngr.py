"""GnuPG's dirmngr, asked by dirmngr-client: it verifies the answer under its trusted roots.

dirmngr reads its roots from /etc/gnupg only, unless a gpgconf.ctl beside the executable names another
folder. So it runs from a folder of its own; no mounts, which not every machine allows.
"""
import contextlib
import os
import re
import shutil
import signal

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

import harness
import table
from harness import run, stillgood
from wiretap import Wiretap

# (exit status, what the client says, what dirmngr logs)
EXPECTED = {
    "good": (0, "certificate is valid", "certificate status is: good"),
    "revoked": (1, "certificate has been revoked", "due to: key compromise"),
    "held": (1, "certificate has been revoked", "due to: certificate on hold"),
    "unknown": (2, "certificate check failed", "certificate status is: unknown"),
    "late": (2, "certificate check failed", "status: try later"),
}
CELLS = {"good": "good", "revoked": "revoked", "unknown": "unknown", "late": "tryLater"}


def private_program(folder, root):
    """A dirmngr that trusts the root besides those of the system."""
    trusted = os.path.join(folder, "etc", "gnupg", "trusted-certs")
    os.makedirs(trusted)
    run("openssl", "x509", "-in", root, "-outform", "DER", "-out", os.path.join(trusted, "ca.crt"))
    os.mkdir(os.path.join(folder, "bin"))
    with open(os.path.join(folder, "bin", "gpgconf.ctl"), "w", encoding="ascii") as file:
        file.write(f"rootdir = {folder}\nsysconfdir = {folder}/etc/gnupg\n")
    return shutil.copy(shutil.which("dirmngr"), os.path.join(folder, "bin"))


class Dirmngr:
    """A daemon of its own home folder. `ask` returns the client's result and the log so far."""

    def __init__(self, folder, root):
        self.home = os.path.join(folder, "home")
        self.log = os.path.join(folder, "log")
        self.environment = {**os.environ, "GNUPGHOME": self.home, "LC_ALL": "C"}
        os.makedirs(self.home, mode=0o700)
        with open(os.path.join(self.home, "dirmngr.conf"), "w", encoding="ascii") as file:
            file.write("allow-ocsp\nverbose\nstandard-resolver\ndisable-ldap\n"
                       f"log-file {self.log}\n")
        self.program = private_program(folder, root)
        self.pid = None

    def ask(self, certificate):
        with open(self.log, encoding="utf-8") as file:
            before = len(file.read())
        result = run("dirmngr-client", "--ocsp", "--pem", certificate, check=False,
                     env=self.environment)
        with open(self.log, encoding="utf-8") as file:
            return result, file.read()[before:]

    def __enter__(self):
        started = run(self.program, "--homedir", self.home, "--daemon", env=self.environment)
        self.pid = int(re.search(r"S\.dirmngr:(\d+):1", started.stdout)[1])
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
            harness.wait_for("dirmngr to end", lambda: harness.gone(self.pid))


@pytest.fixture(scope="module")
def dirmngr(site, tmp_path_factory):
    # A socket's path must be short.
    with Dirmngr(str(tmp_path_factory.mktemp("dm")), site.ca.certificate) as daemon:
        yield daemon


@pytest.mark.parametrize("state", EXPECTED)
def test_dirmngr_takes_every_status_as_meant(site, dirmngr, record, state):
    code, said, logged = EXPECTED[state]
    result, log = dirmngr.ask(site.path(state))
    assert result.returncode == code, result.stderr + log
    assert said in result.stderr and logged in log, result.stderr + log
    if state in CELLS:
        record("dirmngr", table.package_version("dirmngr"), "POST, 16-octet nonce", CELLS[state],
               said)


def test_dirmngr_sends_a_nonce_and_takes_the_answer_that_has_it(site, dirmngr):
    """P-16"""
    with Wiretap(site.responder.port) as tap:
        certificate = site.issue("dirmngr", url=tap.url)
        stillgood("import", "certs", certificate, "--database", site.pg.conninfo)
        result, log = dirmngr.ask(certificate)
        (method, _, _, body), = tap.requests()
    assert method == "POST" and result.returncode == 0, log
    nonce = ocsp.load_der_ocsp_request(body).extensions.get_extension_for_class(x509.OCSPNonce)
    assert len(nonce.value.nonce) == 16
