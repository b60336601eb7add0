"""A SoftHSM token of a test's own, with a module before it that fails on demand (pkcs11_shim.c)."""
import glob
import os

from cryptography import x509
from cryptography.hazmat.primitives import serialization

import harness
from harness import run

PIN = "834512"
# Debian 12 and 13 have it in either place.
SOFTHSM = next(path for path in ("/usr/lib/softhsm/libsofthsm2.so",
                                 *glob.glob("/usr/lib/*/softhsm/libsofthsm2.so"))
               if os.path.exists(path))


def way():
    """How OpenSSL reaches a token here: the provider where it can be told of it, else the engine."""
    modern = harness.openssl_version() >= (3, 2)
    provider = glob.glob("/usr/lib/*/ossl-modules/pkcs11.so")
    engine = glob.glob("/usr/lib/*/engines-3/pkcs11.so")
    assert provider if modern else engine, "install pkcs11-provider or libengine-pkcs11-openssl"
    return "provider" if modern else "engine"


def environment(folder):
    """What a program of ours needs to reach a token besides SOFTHSM2_CONF."""
    if way() == "engine":
        return {}
    here = os.path.dirname(os.path.abspath(__file__))
    library = os.path.join(folder, "undeep.so")
    run("cc", "-shared", "-fPIC", "-O1", "-o", library, os.path.join(here, "pkcs11_undeep.c"), "-ldl")
    options = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": library, "ASAN_OPTIONS": options + ":verify_asan_link_order=0"}


class Token:
    def __init__(self, folder, label="ca"):
        self.folder, self.label = folder, label
        os.makedirs(os.path.join(folder, "tokens"))
        self.conf = os.path.join(folder, "softhsm2.conf")
        with open(self.conf, "w", encoding="ascii") as file:
            file.write(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
        self.environment = {**os.environ, "SOFTHSM2_CONF": self.conf}
        run("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "11223344",
            "--pin", PIN, env=self.environment)
        self.pin_file = self.write("pin", PIN)
        self.shim = os.path.join(folder, "shim.so")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pkcs11_shim.c")
        run("cc", "-shared", "-fPIC", "-O1", f'-DSOFTHSM="{SOFTHSM}"', "-I/usr/include/p11-kit-1",
            "-o", self.shim, source, "-ldl")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text + "\n")
        os.chmod(path, 0o600)
        return path

    def key(self, name, kind):
        """Made in the token; its public half as a file."""
        tool = ["pkcs11-tool", "--module", SOFTHSM, "--token-label", self.label]
        run(*tool, "--login", "--pin", PIN, "--keypairgen", "--key-type", kind, "--label", name,
            "--id", name.encode().hex(), env=self.environment)
        path = os.path.join(self.folder, f"{name}.pub")
        run(*tool, "--read-object", "--type", "pubkey", "--label", name, "-o", path,
            env=self.environment)
        return path

    def uri(self, name, **query):
        text = "&".join(f"{key.replace('_', '-')}={value}" for key, value in query.items())
        return f"pkcs11:token={self.label};object={name}" + ("?" + text if text else "")

    def fail(self, how):
        """From now on; None: no more."""
        path = self.conf + ".fault"
        if how is None:
            if os.path.exists(path):
                os.unlink(path)
            return
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(how + "\n")
        os.rename(path + ".new", path)

    def logins(self, which="wrong"):
        try:
            with open(self.conf + ".logins", encoding="ascii") as file:
                return file.read().split().count(which)
        except FileNotFoundError:
            return 0


def certify(ca, name, public, days=100):
    """A delegate's certificate for a public key that no file holds the other half of."""
    import datetime
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    with open(public, "rb") as file:
        key = serialization.load_der_public_key(file.read())
    with open(ca.certificate, "rb") as file:
        issuer = x509.load_pem_x509_certificate(file.read())
    with open(ca.path("ca.key"), "rb") as file:
        ca_key = serialization.load_pem_private_key(file.read(), None)
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    made = (x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer.subject).serial_number(x509.random_serial_number())
            .public_key(key).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.KeyUsage(True, *[False] * 8), True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
            .add_extension(x509.OCSPNoCheck(), False).sign(ca_key, hashes.SHA256()))
    path = ca.path(f"{name}.pem")
    with open(path, "wb") as file:
        file.write(made.public_bytes(serialization.Encoding.PEM))
    return path
