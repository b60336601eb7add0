"""Clients that ask several instances all the time, in every way that there is, check each answer and record it."""
import base64
import contextlib
import functools
import http.client
import random
import threading
import time
import urllib.parse

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

import harness
from service import NONCE, authority, seconds

TIMEOUT = 15.0  # longer than any answer's deadline
NEVER_ISSUED = range(0x7F000000, 0x7F000010)
NONCE_OID = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.2")


@functools.lru_cache(maxsize=None)
def signer_key(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read()).public_key()


def verifies(answer, signers):
    """By one of those whose certificates these are."""
    for signer in signers:
        try:
            signer_key(signer).verify(answer.signature, answer.tbs_response_bytes,
                                      ec.ECDSA(answer.signature_hash_algorithm))
            return True
        except InvalidSignature:
            continue
    return False


def matches(answer, ca, serial, nonce):
    if answer.serial_number != serial or answer.issuer_key_hash != key_hash(ca):
        return False
    said = [extension.value.nonce for extension in answer.extensions if extension.oid == NONCE_OID]
    return said in ([harness.der(0x04, nonce)], [nonce]) if nonce else not said


@functools.lru_cache(maxsize=None)
def key_hash(ca):
    read = ocsp.load_der_ocsp_request(authority(ca).question(1))
    return read.issuer_key_hash


def judge(body, ca, serial, nonce, signers):
    """The fields of the event `answer` that the body tells."""
    try:
        answer = ocsp.load_der_ocsp_response(body)
        if answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            return {"status": answer.response_status.name.lower(), "this_update": None, "next_update": None}
        return {"status": answer.certificate_status.name.lower(), "this_update": seconds(answer.this_update),
                "next_update": seconds(answer.next_update), "matches": matches(answer, ca, serial, nonce),
                "verified": verifies(answer, signers)}
    except ValueError as error:
        return {"status": f"no OCSP: {error}", "this_update": None, "next_update": None}


class Prober(threading.Thread):
    """Asks these instances in turns, on kept and on new connections."""

    def __init__(self, history, instances, certificates, signers, pause=0.01, seed=1):
        super().__init__(daemon=True)
        self.history, self.instances, self.certificates, self.pause = history, instances, certificates, pause
        self.signers = signers
        self.chooser, self.ended = random.Random(seed), threading.Event()
        self.connections = {}

    def _choose(self):
        certificates = self.chooser.choice(self.certificates)
        draw = self.chooser.random()
        recent = list(certificates.recent)
        if draw < 0.5 and recent:
            return certificates.ca, self.chooser.choice(recent)
        if draw < 0.85:
            return certificates.ca, self.chooser.choice(certificates.known() or recent or NEVER_ISSUED)
        return certificates.ca, self.chooser.choice(certificates.to_come() if draw < 0.95 else NEVER_ISSUED)

    def _connection(self, name, port):
        connection, left = self.connections.get(name, (None, 0))
        if connection is None or left <= 0 or connection.port != port:
            if connection is not None:
                connection.close()
            connection, left = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT), \
                self.chooser.choice((1, 40))
        self.connections[name] = connection, left - 1
        return connection

    def _forget(self, name):
        connection, _ = self.connections.pop(name, (None, 0))
        if connection is not None:
            connection.close()

    def _exchange(self, name, method, path, body):
        """(status, body) of HTTP; a kept connection that was closed meanwhile is made anew once, as clients do."""
        connection = self._connection(name, self.instances[name].responder.port)
        kept = connection.sock is not None
        try:
            connection.request(method, path, body, {"Content-Type": "application/ocsp-request"} if body else {})
            reply = connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self._forget(name)
            if not kept:
                raise
            return self._exchange(name, method, path, body)
        content = reply.read()
        if reply.will_close:
            self._forget(name)
        return reply.status, content

    def ask(self, name, ca, serial):
        nonce = self.chooser.randbytes(16) if self.chooser.random() < 0.4 else b""
        asked = authority(ca).question(serial, nonce)
        if not nonce and self.chooser.random() < 0.5:
            words = "GET", "/" + urllib.parse.quote(base64.b64encode(asked), safe=""), None
        else:
            words = "POST", "/", asked
        sent = time.time()
        try:
            status, body = self._exchange(name, *words)
            received = time.time()
            said = judge(body, ca, serial, nonce, self.signers[ca]) if status == 200 else \
                {"status": f"http {status}", "this_update": None, "next_update": None}
        except (OSError, http.client.HTTPException) as error:
            received = time.time()
            self._forget(name)
            said = {"status": "none", "this_update": None, "next_update": None, "why": repr(error)}
        self.history.add("answer", instance=name, ca=ca, serial=serial, sent=sent, received=received,
                         nonce=bool(nonce), **said)
        return said["status"]

    def run(self):
        while not self.ended.wait(self.pause):
            name = self.chooser.choice(list(self.instances))
            self.ask(name, *self._choose())
        for name in list(self.connections):
            with contextlib.suppress(OSError):
                self._forget(name)




class Follower(Prober):
    """Asks one instance for what changes just now, which measures how long a revocation takes to get there."""

    def _choose(self):
        certificates = self.chooser.choice(self.certificates)
        followed = list(certificates.followed)
        return (certificates.ca, self.chooser.choice(followed)) if followed else super()._choose()
