"""FreeRADIUS: EAP-TLS with OCSP and `use_nonce`, its peer being eapol_test of wpa_supplicant.

Its nonce has 8 octets and must come back (P-16).
"""
import contextlib
import os
import subprocess

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

import harness
import table
from harness import run, stillgood
from wiretap import Wiretap

# (admitted, what FreeRADIUS logs)
EXPECTED = {
    "good": (True, "ocsp: Cert status: good"),
    "revoked": (False, "ocsp: Reason: keyCompromise"),
    "held": (False, "ocsp: Reason: certificateHold"),
    "unknown": (False, "ocsp: Cert status: unknown"),
    "late": (False, "ocsp: Response status: trylater"),
}
CELLS = {"good": "good", "revoked": "revoked", "unknown": "unknown", "late": "tryLater"}

CONFIGURATION = """
libdir = /usr/lib/freeradius
logdir = {folder}
run_dir = {folder}
raddbdir = {folder}
security {{
    allow_vulnerable_openssl = yes
}}
client loop {{
    ipaddr = 127.0.0.1
    secret = testing
}}
modules {{
    eap {{
        default_eap_type = tls
        tls-config common {{
            private_key_file = {key}
            certificate_file = {certificate}
            ca_file = {ca}
            tls_min_version = "1.2"
            tls_max_version = "1.2"
            ocsp {{
                enable = yes
                use_nonce = yes
                timeout = 60
                softfail = no
            }}
        }}
        tls {{
            tls = common
        }}
    }}
}}
server loop {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = {port}
    }}
    authorize {{
        eap
    }}
    authenticate {{
        eap
    }}
}}
"""

SUPPLICANT = """network={{
    key_mgmt=IEEE8021X
    eap=TLS
    identity="{state}"
    ca_cert="{ca}"
    client_cert="{certificate}"
    private_key="{key}"
    eapol_flags=0
}}
"""


class FreeRadius:
    """A server of its own folder. `admits` asks for a state's certificate to be let in."""

    def __init__(self, folder, site):
        self.site = site
        self.folder = folder
        self.port = harness.free_port()
        self.process = None
        with open(self.path("radiusd.conf"), "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=folder, port=self.port, key=site.key("good"),
                                            certificate=site.path("good"),
                                            ca=site.ca.certificate))

    def path(self, name):
        return os.path.join(self.folder, name)

    def log(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def admits(self, state):
        """(admitted, what was logged meanwhile)"""
        before = len(self.log())
        conf = self.path(f"{state}.conf")
        with open(conf, "w", encoding="utf-8") as file:
            file.write(SUPPLICANT.format(state=state, ca=self.site.ca.certificate,
                                         certificate=self.site.path(state),
                                         key=self.site.key(state)))
        result = run("eapol_test", "-c", conf, "-a", "127.0.0.1", "-p", self.port, "-s", "testing",
                     "-t", "120", "-r", "0", check=False)
        assert result.returncode == 0 or "CTRL-EVENT-EAP-FAILURE" in result.stdout, result.stdout
        return result.returncode == 0, self.log()[before:]

    def ready(self):
        assert self.process.poll() is None, self.log()
        return "Ready to process requests" in self.log()

    def __enter__(self):
        with open(self.path("log"), "wb") as log:
            self.process = subprocess.Popen(["freeradius", "-X", "-d", self.folder, "-l", "stdout"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        harness.wait_for("FreeRADIUS", self.ready)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=60)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=10)


@pytest.fixture(scope="module")
def radius(site, tmp_path_factory):
    with FreeRadius(str(tmp_path_factory.mktemp("radius")), site) as server:
        yield server


@pytest.mark.parametrize("state", EXPECTED)
def test_freeradius_takes_every_status_as_meant(radius, record, state):
    admitted, logged = EXPECTED[state]
    result, log = radius.admits(state)
    assert result == admitted and logged in log, log
    if state in CELLS:
        record("FreeRADIUS", table.package_version("freeradius"),
               "POST, 8-octet nonce that must match", CELLS[state],
               "admitted" if admitted else "rejected")


def test_freeradius_sends_a_nonce_of_eight_octets_and_gets_it_back(radius, site):
    """P-16: it rejects an answer without the nonce that it sent."""
    with Wiretap(site.responder.port) as tap:
        stillgood("import", "certs", site.issue("radius", url=tap.url), "--database",
                  site.pg.conninfo)
        admitted, log = radius.admits("radius")
        (method, _, _, body), = tap.requests()
    assert method == "POST" and admitted and "Cert status: good" in log, log
    nonce = ocsp.load_der_ocsp_request(body).extensions.get_extension_for_class(x509.OCSPNonce)
    assert len(nonce.value.nonce) == 8
