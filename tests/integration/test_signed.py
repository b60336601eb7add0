"""Signed requests (P-15) made by `openssl ocsp -signer`, against a running responder: ignored, verified,
required, and allowed by list."""
import contextlib
import datetime
import os
import signal
import secrets
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from asn1crypto import core, keys, ocsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import padding

import harness
from harness import run, stillgood

MALFORMED, TRY_LATER, SIG_REQUIRED, UNAUTHORIZED = (
    bytes([0x30, 3, 0x0A, 1, code]) for code in (1, 3, 5, 6))


class Requestors:
    """A CA that certifies requestors, an intermediate one, and what goes wrong."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder)
        self.ca = self.certificate("ca", "/CN=Requestors CA", None, "CA:TRUE")
        self.other = self.certificate("other", "/CN=Requestors CA", None, "CA:TRUE")
        self.certificate("between", "/CN=Between", "ca", "CA:TRUE")
        self.certificate("alice", "/O=Bank/CN=Alice", "ca")
        self.certificate("bob", "/O=Bank/CN=Bob", "ca")
        self.certificate("carol", "/CN=Carol", "between")
        self.certificate("mallory", "/O=Bank/CN=Alice", "other")
        self.certificate("expired", "/CN=Expired", "ca", expired=True)
        self.certificate("short", "/CN=Short", "ca", key="rsa:1024")
        self.certificate("sha1", "/CN=Sha1", "ca", digest="sha1")
        self.certificate("nosign", "/CN=No sign", "ca", usage="keyEncipherment")
        self.certificate("rsa", "/CN=RSA", "ca", key="rsa:2048")
        parent = "ca"
        for depth in range(6):
            self.certificate(f"deep{depth}", f"/CN=Deep {depth}", parent, "CA:TRUE")
            parent = f"deep{depth}"
        self.certificate("deep", "/CN=Deep", parent)

    def path(self, name):
        return os.path.join(self.folder, name)

    def certificate(self, name, subject, issuer, basic="CA:FALSE", key="P-256", digest="sha256",
                    usage=None, expired=False):
        pem, key_path, ext = self.path(name + ".pem"), self.path(name + ".key"), self.path(name + ".ext")
        run("openssl", "genpkey", "-out", key_path, *(
            ("-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{key}") if key.startswith("P-") else
            ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:" + key[4:])))
        usage = usage or ("keyCertSign" if basic == "CA:TRUE" else "digitalSignature")
        with open(ext, "w", encoding="ascii") as file:
            file.write(f"basicConstraints=critical,{basic}\nkeyUsage=critical,{usage}\n"
                       "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        request = self.path(name + ".csr")
        run("openssl", "req", "-new", "-key", key_path, "-subj", subject, "-out", request)
        signed_by = (("-CA", self.path(issuer + ".pem"), "-CAkey", self.path(issuer + ".key"))
                     if issuer else ("-key", key_path))
        run("openssl", "x509", "-req", "-in", request, *signed_by, "-extfile", ext, "-days", "30",
            f"-{digest}", "-out", pem)
        if expired:
            self._age(pem, self.path(issuer + ".key"))
        return pem

    @staticmethod
    def _age(pem, ca_key):
        """The same certificate, but over since yesterday."""
        with open(pem, "rb") as file:
            old = x509.load_pem_x509_certificate(file.read())
        with open(ca_key, "rb") as file:
            key = serialization.load_pem_private_key(file.read(), None)
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder(
            old.issuer, old.subject, old.public_key(), old.serial_number,
            now - datetime.timedelta(10), now - datetime.timedelta(1))
        for extension in old.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        with open(pem, "wb") as file:
            file.write(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def hash(self, name):
        line = run("openssl", "x509", "-in", self.path(name + ".pem"), "-noout", "-fingerprint",
                   "-sha256").stdout
        return line.split("=")[1].strip()


class Site:
    def __init__(self, folder, pg):
        self.folder, self.pg, self.count = folder, pg, 0
        self.who = Requestors(os.path.join(folder, "requestors"))
        self.ca = harness.DemoCA(os.path.join(folder, "ca"), key="P-256")
        stillgood("db", "init", "--database", pg.conninfo)
        stillgood("issuer", "add", self.ca.certificate, "--name", "Demo", "--database", pg.conninfo)
        stillgood("import", "certs", self.ca.issue("good"), "--database", pg.conninfo)

    def request(self, signer=None, *words, others=None):
        out = os.path.join(self.folder, "request.der")
        words = list(words)
        if signer:
            words += ["-signer", self.who.path(signer + ".pem"), "-signkey", self.who.path(signer + ".key")]
        if others:
            bundle = os.path.join(self.folder, "others.pem")
            with open(bundle, "w", encoding="ascii") as file:
                for name in others:
                    with open(self.who.path(name + ".pem"), encoding="ascii") as part:
                        file.write(part.read())
            words += ["-sign_other", bundle]
        run("openssl", "ocsp", "-no_nonce", "-issuer", self.ca.certificate, "-cert",
            self.ca.path("good.pem"), *words, "-reqout", out)
        with open(out, "rb") as file:
            return file.read()

    def responder(self, **issuer):
        self.count += 1
        options = {"certificate": self.ca.certificate, "signer_certificate": self.ca.signer_certificate,
                   "signer_key": self.ca.signer_key, **issuer}
        return harness.Responder(os.path.join(self.folder, str(self.count)), self.pg, {"Demo": options})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with harness.Postgres() as pg:
        yield Site(str(tmp_path_factory.mktemp("signed")), pg)


@pytest.fixture(scope="module")
def verifying(site):
    with site.responder(signed_requests="verify", requestors=site.who.ca) as responder:
        yield responder


@pytest.fixture(scope="module")
def requiring(site):
    allow = os.path.join(site.folder, "allow")
    with open(allow, "w", encoding="ascii") as file:
        file.write(f"# who may ask\n\n{site.who.hash('alice')}\nCN=Carol\n")
    with site.responder(signed_requests="require", requestors=site.who.ca, allow=allow) as responder:
        yield responder


def is_answer(body):
    return body[4:7] == b"\x0a\x01\x00" and len(body) > 100


def ask(responder, der):
    return responder.post(der)[1]


def test_by_default_signatures_change_nothing(site):
    """P-15: the bytes answered equal those without, also where the signature is worth nothing."""
    with site.responder() as responder:
        plain = ask(responder, site.request())
        assert is_answer(plain)
        signed = site.request("mallory")
        assert ask(responder, signed) == plain
        assert ask(responder, signed[:-1] + bytes([signed[-1] ^ 1])) == plain
        assert "verifier" not in responder.children()


def test_a_good_signature_is_answered(site, verifying):
    """P-15"""
    for request in (site.request(), site.request("alice"), site.request("bob"),
                    site.request("carol", others=["between"]), site.request("rsa")):
        assert is_answer(ask(verifying, request))
    assert "verifier" in verifying.children()


@pytest.mark.parametrize("signer,others", [
    ("mallory", None), ("expired", None), ("short", None), ("sha1", None), ("nosign", None),
    ("carol", None), ("deep", [f"deep{n}" for n in range(6)]),
])
def test_a_requestor_who_cannot_be_trusted_is_unauthorized(site, verifying, signer, others):
    """P-15: another CA of the same name, an expired or weak certificate, a gap, a long chain."""
    assert ask(verifying, site.request(signer, others=others)) == UNAUTHORIZED
    assert is_answer(ask(verifying, site.request())), "the unsigned question is still answered"


def test_a_forged_signature_is_unauthorized(site, verifying):
    """P-15"""
    der = site.request("alice")
    serial = der.index(b"\x02\x02\x10")
    for at in (serial + 3, der.index(b"Alice")):
        forged = bytearray(der)
        forged[at] ^= 1
        assert ask(verifying, bytes(forged)) in (UNAUTHORIZED, MALFORMED)


def test_a_weak_digest_is_refused(site, verifying):
    """P-15: a true signature, but over SHA-1."""
    der = site.request("rsa")
    with open(site.who.path("rsa.key"), "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    assert der[1] == 0x82 and der[4] == 0x30 and der[5] < 0x80
    tbs = der[4:6 + der[5]]
    sha256_oid, sha1_oid = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
    good = key.sign(tbs, padding.PKCS1v15(), hashes.SHA256())
    assert good in der
    at = der.index(tbs) + len(tbs)
    head = der[at:].replace(sha256_oid, sha1_oid, 1).replace(
        good, key.sign(tbs, padding.PKCS1v15(), hashes.SHA1()), 1)
    assert ask(verifying, der[:at] + head) == UNAUTHORIZED


def hostile_request(plain, bits, exponent):
    """The question signed, it says, with an RSA key of that size: all of it is made up."""
    modulus = secrets.randbits(bits) | 1 << (bits - 1) | 1
    algorithm = {"algorithm": "sha256_rsa", "parameters": core.Null()}
    name = asn1_x509.Name.build({"common_name": "Hostile"})
    year = datetime.timedelta(365)
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = asn1_x509.Certificate({
        "tbs_certificate": {
            "version": "v3", "serial_number": 7, "signature": algorithm, "issuer": name,
            "validity": {"not_before": asn1_x509.UTCTime(now - year),
                         "not_after": asn1_x509.UTCTime(now + year)},
            "subject": name,
            "subject_public_key_info": keys.PublicKeyInfo.wrap(
                keys.RSAPublicKey({"modulus": modulus, "public_exponent": exponent}), "rsa"),
        },
        "signature_algorithm": algorithm, "signature_value": secrets.token_bytes(256)})
    request = ocsp.OCSPRequest.load(plain)
    tbs = request["tbs_request"]
    tbs["requestor_name"] = asn1_x509.GeneralName("directory_name", name)
    return ocsp.OCSPRequest({
        "tbs_request": tbs,
        "optional_signature": {
            "signature_algorithm": algorithm,
            "signature": (modulus - 2).to_bytes(bits // 8, "big"),
            "certs": [certificate],
        }}).dump()


@pytest.mark.parametrize("bits,exponent,reason", [
    (16384, 65537, "more than 4096 bits"), (16384, (1 << 64) - 1, "more than 4096 bits"),
    (2048, (1 << 2000) + 1, "exponent"), (1024, 65537, "less than 2048 bits"),
])
def test_no_key_of_a_strangers_size_is_computed_with(site, verifying, bits, exponent, reason):
    """P-15: what is wrong is said of the key, not of the signature, which nobody has looked at."""
    request = hostile_request(site.request(), bits, exponent)

    def is_logged():  # one line a second
        assert ask(verifying, request) == UNAUTHORIZED
        return reason in verifying.log()
    harness.wait_for("the reason", is_logged, pause=0.3)


@pytest.mark.parametrize("name,options", [
    ("openssl's", ("-extensions", "v3_ca")), ("bare", ("-extensions", "none")),
    ("expired", ("-extensions", "v3_ca", "-days", "-1")),
])
def test_a_ca_is_trusted_for_what_it_is(site, tmp_path, name, options):
    """P-15: as `openssl req -x509` makes it, without keyUsage; RFC 5280, 6.1 judges what is below."""
    ca, key, leaf = (str(tmp_path / part) for part in ("ca.pem", "ca.key", "leaf"))
    conf = tmp_path / "openssl.cnf"
    conf.write_text("[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=Plain CA\n[none]\n[v3_ca]\n"
                    "subjectKeyIdentifier=hash\nbasicConstraints=critical,CA:true\n")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-config", conf, "-keyout", key,
        "-out", ca, *(options if name != "expired" else options[:2]))
    if name == "expired":
        Requestors._age(ca, key)
    run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Dora", "-keyout",
        leaf + ".key", "-out", leaf + ".csr")
    run("openssl", "x509", "-req", "-in", leaf + ".csr", "-CA", ca, "-CAkey", key, "-out",
        leaf + ".pem", "-days", "30", "-set_serial", "9")
    out = str(tmp_path / "request.der")
    run("openssl", "ocsp", "-no_nonce", "-issuer", site.ca.certificate, "-cert",
        site.ca.path("good.pem"), "-signer", leaf + ".pem", "-signkey", leaf + ".key", "-reqout", out)
    with site.responder(signed_requests="require", requestors=ca) as responder, open(out, "rb") as file:
        assert stillgood("check", "-c", responder.conf, check=False).returncode == 0
        assert is_answer(ask(responder, file.read()))


def test_too_many_certificates_are_malformed(site, verifying):
    """P-15: the embedded chain is capped."""
    names = [f"deep{n}" for n in range(6)] + ["bob", "carol", "between"]
    assert ask(verifying, site.request("alice", others=names)) == MALFORMED


def test_a_required_signature_that_is_absent_gets_sig_required(site, requiring):
    """P-15: also after a signed request was answered, and whatever caches know."""
    plain, signed = site.request(), site.request("alice")
    for _ in range(3):
        assert ask(requiring, plain) == SIG_REQUIRED
        status, body, headers = requiring.post(signed)
        assert is_answer(body) and headers["Cache-Control"] == "no-store"
    assert ask(requiring, signed) == body, "one signature of ours serves all requestors"


def test_only_those_on_the_list_may_ask(site, requiring):
    """P-15"""
    assert is_answer(ask(requiring, site.request("carol", others=["between"])))
    assert ask(requiring, site.request("bob")) == UNAUTHORIZED
    assert ask(requiring, site.request("mallory")) == UNAUTHORIZED


def test_without_the_verifier_signed_requests_are_told_to_come_later(site):
    """P-15, P-21: and the others are answered; it is started again."""
    with site.responder(signed_requests="verify", requestors=site.who.ca) as responder:
        signed, plain = site.request("alice"), site.request()
        assert is_answer(ask(responder, signed))
        pid = responder.children()["verifier"]
        os.kill(pid, signal.SIGSTOP)
        assert ask(responder, signed) == TRY_LATER
        assert is_answer(ask(responder, plain))
        with contextlib.suppress(ProcessLookupError):  # the warden may have ended it already
            os.kill(pid, signal.SIGKILL)
        harness.wait_for("a new verifier", lambda: is_answer(ask(responder, signed)))
        assert responder.children()["verifier"] != pid


def test_a_flood_of_signed_requests_does_not_stall_the_others(site, verifying):
    """P-15, I-7: each gets a valid answer."""
    forged = bytearray(site.request("rsa"))
    forged[-400] ^= 1
    plain, answers, end = site.request(), [], []

    def flood():
        while not end:
            answers.append(ask(verifying, bytes(forged)))
    threads = [threading.Thread(target=flood) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(50):
            assert is_answer(ask(verifying, plain))
    finally:
        end.append(True)
        for thread in threads:
            thread.join()
    assert {bytes(a) for a in answers} <= {UNAUTHORIZED, TRY_LATER, MALFORMED}


@pytest.mark.parametrize("options,text", [
    ({"signed_requests": "require"}, "has no requestors"),
    ({"allow": "list"}, "ignores signatures"),
    ({"signed_requests": "verify", "requestors": "absent.pem"}, "absent.pem"),
    ({"signed_requests": "verify", "requestors": "LEAF"}, "no CA's"),
    ({"signed_requests": "verify", "requestors": "SMALL"}, "less than 2048 bits"),
    ({"signed_requests": "verify", "requestors": "CA", "allow": "KEY"}, "neither the SHA-256"),
])
def test_check_names_what_is_wrong(site, options, text):
    """P-15"""
    if "SMALL" in options.values():
        site.who.certificate("small", "/CN=Small CA", None, "CA:TRUE", key="rsa:1024")
    places = {"LEAF": site.who.path("alice.pem"), "SMALL": site.who.path("small.pem"), "CA": site.who.ca, "KEY": site.who.path("alice.key")}
    responder = site.responder(**{name: places.get(value, value) for name, value in options.items()})
    result = stillgood("check", "-c", responder.conf, check=False)
    assert result.returncode == 1 and text in result.stdout + result.stderr
