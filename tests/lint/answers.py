"""Every kind of answer that the program gives, collected from running responders.

Each kind of signer answers about each state; each policy that changes an answer's form has an
issuer of its own. Names are "ISSUER STATE" or "error NAME".
"""
import hashlib
import os

import harness
from harness import run, stillgood

SIGNERS = ["rsa:2048", "rsa:3072", "rsa:4096", "P-256", "P-384", "P-521", "ed25519"]
REASONS = ["unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded",
           "cessationOfOperation", "privilegeWithdrawn", "aACompromise"]
DIGESTS = ["sha1", "sha256", "sha384", "sha512"]
PSS = ["pss-sha256", "pss-sha384", "pss-sha512"]
CA_CERTIFICATE = object()  # stands for the path of the issuer's own
# Issuers whose answers have another form, with the options that make it so.
FORMS = {
    "extended-revoke": {"unassigned": "revoked"},
    "by-name": {"responder_id": "name"},
    "no-nonce": {"nonce": "ignore"},
    "closed": {},  # revoked as a whole (P-34)
    "own-key": {},  # signed by the CA itself: nothing in certs (P-26)
    # P-30: every fact that the database holds, see _record_facts.
    "extensions": {"archive_cutoff": "issuer", "crl_id": "yes", "cert_hash": "yes",
                   "sct_list": "yes"},
    "retention": {"archive_cutoff": "3650d"},
    "chain": {"chain": CA_CERTIFICATE},
    **{name: {"signature": name} for name in PSS},
    "lightweight": {"profile": "lightweight"},
    "final": {"profile": "qualified", "final_answers": "yes"},  # P-53
    "ends-soon": {},  # within its certificate's last hour (P-27), see _record
    "signed-only": {"signed_requests": "require", "requestors": CA_CERTIFICATE},
}
TRY_LATER = bytes.fromhex("30030a0103")
# What CrlID says of a CRL: at least one of its URL, number and time, each with a state that it brought.
CRLS = {
    "keyCompromise": (None, "http://crl.example/ca.crl", None),
    "superseded": (b"\x00\x99", None, None),
    "cACompromise": (None, None, "2026-02-03T04:05:06Z"),
    "invalidity": (b"\x7f" * 20, "http://crl.example/ca.crl", "2026-02-03T04:05:06Z"),
}


def serials():
    """{state: serial number}: one of each, small or as long as RFC 5280 allows."""
    states = ["good", "unknown", "held", "invalidity", "old", *REASONS]
    return {state: 0x1000 + number for number, state in enumerate(states)} | {
        "twenty-octets": (1 << 158) + 7}


def octets(serial):
    return serial.to_bytes(serial.bit_length() // 8 + 1, "big")


def sct_list():
    """A SignedCertificateTimestampList of two (RFC 6962, 3.2 and 3.3), of logs that no one runs."""
    def sized(octets_):
        return len(octets_).to_bytes(2, "big") + octets_

    def sct(log):
        ecdsa_sha256 = b"\x04\x03" + sized(bytes.fromhex("3006020101020101"))
        return b"\0" + log * 32 + (1767225600000).to_bytes(8, "big") + sized(b"") + ecdsa_sha256
    return sized(sized(sct(b"A")) + sized(sct(b"B")))


class Answers:
    """folder: an existing folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.cas = {}
        self.responder = None
        self.found = {}

    def _make_cas(self):
        for key in SIGNERS:
            name = key.replace(":", "-")
            self.cas[name] = harness.DemoCA(os.path.join(self.folder, name), name=name, key="P-256",
                                            signer_key=key)
        for name, options in [*FORMS.items(), ("stranger", {})]:
            self.cas[name] = harness.DemoCA(
                os.path.join(self.folder, name), name=name, key="P-256",
                signer_key="rsa:2048" if "signature" in options else None)
        self.cas["signed-only"].issue("requestor")

    def _issuers(self):
        issuers = {}
        for name, ca in self.cas.items():
            own = name == "own-key"
            issuers[name] = {
                "certificate": ca.certificate,
                "signer_certificate": ca.certificate if own else ca.signer_certificate,
                "signer_key": ca.path("ca.key") if own else ca.signer_key,
                **{option: ca.certificate if value is CA_CERTIFICATE else value
                   for option, value in FORMS.get(name, {}).items()},
            }
        del issuers["stranger"]
        return issuers

    def _fill(self, pg):
        stillgood("db", "init", "--database", pg.conninfo)
        for name in self._issuers():
            stillgood("issuer", "add", self.cas[name].certificate, "--name", name,
                      "--database", pg.conninfo)
            self._record(pg, name)
        self._record_facts(pg, "extensions")
        pg.sql("SELECT stillgood.revoke_issuer('closed', 'cACompromise')")

    @staticmethod
    def _record(pg, name):
        for state, serial in serials().items():
            if state == "unknown":
                continue
            number = octets(serial)
            pg.sql("SELECT stillgood.issue(%s, %s, now() + %s::interval)",
                   (name, number, "1 hour" if name == "ends-soon" else "1 year"))
            if state in REASONS:
                pg.sql("SELECT stillgood.revoke(%s, %s, %s)", (name, number, state))
        pg.sql("SELECT stillgood.hold(%s, %s)", (name, octets(serials()["held"])))
        pg.sql("SELECT stillgood.revoke(%s, %s, 'keyCompromise', invalidity_at => '2025-01-02Z')",
               (name, octets(serials()["invalidity"])))
        pg.sql("SELECT stillgood.revoke(%s, %s, 'superseded', revoked_at => '1999-12-31Z')",
               (name, octets(serials()["old"])))

    @staticmethod
    def _record_facts(pg, name):
        numbers = {state: octets(serial) for state, serial in serials().items() if state != "unknown"}
        for state, number in numbers.items():
            pg.sql("SELECT stillgood.issue(%s, %s, certificate_hash => %s)",
                   (name, number, hashlib.sha256(state.encode()).digest()))
            pg.sql("SELECT stillgood.store_scts(%s, %s, %s)", (name, number, sct_list()))
        for state, facts in CRLS.items():
            crl = pg.sql("SELECT stillgood.record_crl(%s, %s, %s, %s)", (name, *facts))[0][0]
            pg.sql("SELECT stillgood.set_crl(%s, %s, %s)", (name, numbers[state], crl))

    def _request(self, name, words, anonymous=False):
        out = os.path.join(self.folder, "request.der")
        if name == "signed-only" and not anonymous:
            requestor = self.cas[name].path("requestor")
            words = [*words, "-signer", requestor + ".pem", "-signkey", requestor + ".key"]
        run("openssl", "ocsp", "-issuer", self.cas[name].certificate, *words, "-reqout", out)
        with open(out, "rb") as file:
            return file.read()

    def _ask(self, label, name, *words, nonce="-no_nonce", anonymous=False):
        request = self._request(name, [*words, nonce], anonymous)
        self.found[label] = self.responder.post(request)[1]

    def _ask_each_issuer(self):
        for name in self._issuers():
            for state, serial in serials().items():
                self._ask(f"{name} {state}", name, "-serial", hex(serial))
            for state in ("good", "keyCompromise", "unknown"):
                self._ask(f"{name} {state} nonce", name, "-serial", hex(serials()[state]),
                          nonce="-nonce")

    def _ask_in_other_ways(self):
        for digest in DIGESTS:
            self._ask(f"P-256 good {digest}", "P-256", f"-{digest}", "-serial", "0x1000")
        several = [word for serial in serials().values() for word in ("-serial", hex(serial))]
        self._ask("P-256 several", "P-256", *several[:20])
        self._ask("extensions several", "extensions", *several[:20])
        self._ask("stranger unknown", "stranger", "-serial", "0x1000")
        self._ask("stranger unknown nonce", "stranger", "-serial", "0x1000", nonce="-nonce")

    def _ask_in_vain(self, pg):
        good = self._request("P-256", ["-serial", "0x1000", "-no_nonce"])
        self.found["error malformedRequest"] = self.responder.post(b"\x30\0")[1]
        # P-22: the default issuer does not answer for a stranger beside one that is known here.
        self._ask("error unauthorized", "stranger", "-serial", "0x1000", "-issuer",
                  self.cas["P-256"].certificate, "-serial", "0x1000")
        self._ask("error sigRequired", "signed-only", "-serial", "0x1000", anonymous=True)
        pg.stop()
        harness.wait_for("tryLater", lambda: self.responder.post(good)[1] == TRY_LATER)
        self.found["error tryLater"] = self.responder.post(good)[1]

    def collect(self):
        """{name: DER}"""
        self._make_cas()
        with harness.Postgres() as pg:
            self._fill(pg)
            with harness.Responder(
                    os.path.join(self.folder, "responder"), pg, self._issuers(),
                    server={"unknown_issuer": "unknown", "default_issuer": "P-256"},
                    database={"freshness": "2s", "query_timeout": "1s"}) as self.responder:
                self._ask_each_issuer()
                self._ask_in_other_ways()
                self._ask_in_vain(pg)
        return self.found
