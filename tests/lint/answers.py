"""Every kind of answer that the program gives, collected from running responders.

Each kind of signer answers about each state; each policy that changes an answer's form has an
issuer of its own. Names are "ISSUER STATE" or "error NAME".
"""
import os

import harness
from harness import run, stillgood

SIGNERS = ["rsa:2048", "rsa:3072", "rsa:4096", "P-256", "P-384", "P-521", "ed25519"]
REASONS = ["unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded",
           "cessationOfOperation", "privilegeWithdrawn", "aACompromise"]
DIGESTS = ["sha1", "sha256", "sha384", "sha512"]
# Issuers whose answers have another form, with the options that make it so.
FORMS = {
    "extended-revoke": {"unassigned": "revoked"},
    "by-name": {"responder_id": "name"},
    "no-nonce": {"nonce": "ignore"},
    "closed": {},  # revoked as a whole (P-34)
    "own-key": {},  # signed by the CA itself: nothing in certs (P-26)
}
TRY_LATER = bytes.fromhex("30030a0103")


def serials():
    """{state: serial number}: one of each, small or as long as RFC 5280 allows."""
    states = ["good", "unknown", "held", "invalidity", "old", *REASONS]
    return {state: 0x1000 + number for number, state in enumerate(states)} | {
        "twenty-octets": (1 << 158) + 7}


def octets(serial):
    return serial.to_bytes(serial.bit_length() // 8 + 1, "big")


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
        for name in [*FORMS, "stranger"]:
            self.cas[name] = harness.DemoCA(os.path.join(self.folder, name), name=name, key="P-256")

    def _issuers(self):
        issuers = {}
        for name, ca in self.cas.items():
            own = name == "own-key"
            issuers[name] = {
                "certificate": ca.certificate,
                "signer_certificate": ca.certificate if own else ca.signer_certificate,
                "signer_key": ca.path("ca.key") if own else ca.signer_key,
                **FORMS.get(name, {}),
            }
        del issuers["stranger"]
        return issuers

    def _fill(self, pg):
        stillgood("db", "init", "--database", pg.conninfo)
        for name in self._issuers():
            stillgood("issuer", "add", self.cas[name].certificate, "--name", name,
                      "--database", pg.conninfo)
            self._record(pg, name)
        pg.sql("SELECT stillgood.revoke_issuer('closed', 'cACompromise')")

    @staticmethod
    def _record(pg, name):
        for state, serial in serials().items():
            if state == "unknown":
                continue
            number = octets(serial)
            pg.sql("SELECT stillgood.issue(%s, %s, now() + interval '1 year')", (name, number))
            if state in REASONS:
                pg.sql("SELECT stillgood.revoke(%s, %s, %s)", (name, number, state))
        pg.sql("SELECT stillgood.hold(%s, %s)", (name, octets(serials()["held"])))
        pg.sql("SELECT stillgood.revoke(%s, %s, 'keyCompromise', invalidity_at => '2025-01-02Z')",
               (name, octets(serials()["invalidity"])))
        pg.sql("SELECT stillgood.revoke(%s, %s, 'superseded', revoked_at => '1999-12-31Z')",
               (name, octets(serials()["old"])))

    def _request(self, name, words):
        out = os.path.join(self.folder, "request.der")
        run("openssl", "ocsp", "-issuer", self.cas[name].certificate, *words, "-reqout", out)
        with open(out, "rb") as file:
            return file.read()

    def _ask(self, label, name, *words, nonce="-no_nonce"):
        self.found[label] = self.responder.post(self._request(name, [*words, nonce]))[1]

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

    def _ask_in_vain(self, pg):
        good = self._request("P-256", ["-serial", "0x1000", "-no_nonce"])
        self.found["error malformedRequest"] = self.responder.post(b"\x30\0")[1]
        self._ask("error unauthorized", "stranger", "-serial", "0x1000")
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
                    database={"freshness": "2s", "query_timeout": "1s"}) as self.responder:
                self._ask_each_issuer()
                self._ask_in_other_ways()
                self._ask_in_vain(pg)
        return self.found
