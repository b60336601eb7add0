"""Floods against a running responder (doc/faults.md row 23, I-5, I-7): everybody gets a valid answer, and
what is stored is for everybody. How fast it is meanwhile is tests/bench/flood.py's to say."""
import contextlib
import ctypes
import os
import platform
import re
import socket

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

import harness
from harness import stillgood

TRY_LATER = bytes.fromhex("30030a0103")


class Site:
    def __init__(self, folder, pg):
        self.folder, self.pg, self.count = folder, pg, 0
        self.ca = harness.DemoCA(os.path.join(folder, "ca"), key="rsa:3072")
        stillgood("db", "init", "--database", pg.conninfo)
        stillgood("issuer", "add", self.ca.certificate, "--name", "Demo", "--database", pg.conninfo)
        good = self.ca.issue("good")
        stillgood("import", "certs", good, "--database", pg.conninfo)
        self.certificates = [self.load(good), self.load(self.ca.certificate)]

    @staticmethod
    def load(path):
        with open(path, "rb") as file:
            return x509.load_pem_x509_certificate(file.read())

    def request(self, nonce=None):
        builder = ocsp.OCSPRequestBuilder().add_certificate(*self.certificates, hashes.SHA1())
        if nonce:
            builder = builder.add_extension(x509.OCSPNonce(nonce), False)
        return builder.build().public_bytes(serialization.Encoding.DER)

    def responder(self, **server):
        self.count += 1
        return harness.Responder(os.path.join(self.folder, str(self.count)), self.pg,
                                 {"Demo": self.ca}, server=server)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with harness.Postgres() as pg:
        yield Site(str(tmp_path_factory.mktemp("floods")), pg)


def post(body):
    return (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


def reply(file):
    """The body of one, which is always 200."""
    assert file.readline().split()[1] == b"200"
    length = 0
    while (line := file.readline().rstrip(b"\r\n")):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return file.read(length)


class Flood:
    """Connections that each send a nonce at the same time, again and again."""

    def __init__(self, responder, count, source="127.0.0.1"):
        self.stack, self.sent = contextlib.ExitStack(), []
        self.connections = []
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", responder.port), harness.DEADLINE, (source, 0))
            self.stack.enter_context(connection)
            self.connections.append((connection, self.stack.enter_context(connection.makefile("rb"))))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def ask(self, site):
        self.sent = [os.urandom(16) for _ in self.connections]
        for (connection, _), nonce in zip(self.connections, self.sent):
            connection.sendall(post(site.request(nonce)))

    def take(self):
        """Proves every answer; how many there were, and how many said tryLater."""
        later = 0
        for (_, file), nonce in zip(self.connections, self.sent):
            body = reply(file)
            later += body == TRY_LATER
            if body != TRY_LATER:
                answer = ocsp.load_der_ocsp_response(body)
                assert answer.certificate_status == ocsp.OCSPCertStatus.GOOD
                assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce
        return len(self.sent), later


def status_of(responder, name):
    return next(room["status"] for room in responder.status()["rooms"] if room["name"] == name)


def queue_of(responder, name):
    return next(each for each in status_of(responder, "ledger")["queue"] if each["class"] == name)


def test_a_flood_of_nonces_is_answered_and_leaves_what_is_stored_to_others(site):
    """doc/faults.md row 23, I-5, I-7"""
    with site.responder(answer_timeout="2s") as responder:
        stored = responder.post(site.request())[1]
        with Flood(responder, 800) as flood:
            # The first tell what a signature costs; from then on it is known what can wait.
            for _ in range(3):
                flood.ask(site)
                assert responder.post(site.request())[1] == stored
                flood.take()
            nonces = queue_of(responder, "nonce")
            assert nonces["given"] > 0 and nonces["shed"] > 0 and nonces["signer_us"] > 0, nonces
        assert queue_of(responder, "live")["shed"] == 0


def test_one_address_causes_so_many_signatures_and_a_listed_proxy_what_its_clients_may(site):
    """doc/faults.md row 23, P-51, I-7"""
    with site.responder(signatures_per_address=1, trusted_proxies="127.0.0.9") as responder:
        stored = responder.post(site.request())[1]
        with Flood(responder, 90, "127.0.0.2") as flood:
            flood.ask(site)
            count, later = flood.take()
            assert 0 < later < count
        with socket.create_connection(("127.0.0.1", responder.port), harness.DEADLINE,
                                      ("127.0.0.2", 0)) as poor, poor.makefile("rb") as file:
            poor.sendall(post(site.request()))
            assert reply(file) == stored
        with Flood(responder, 20, "127.0.0.9") as proxy:
            proxy.ask(site)
            assert proxy.take() == (20, 0)
        assert status_of(responder, "front 0")["unaffordable"] == later


def test_a_flood_within_its_budget_is_reloaded(site):
    """Shares and limits change by a reload."""
    with site.responder(signatures_per_address=1) as responder:
        with open(responder.conf, encoding="utf-8") as file:
            text = file.read()
        with open(responder.conf, "w", encoding="utf-8") as file:
            file.write(text.replace("signatures_per_address = 1", "signatures_per_address = 0\nnonce_share = 45"))
        stillgood("reload", "--socket", responder.control_socket)
        with Flood(responder, 60, "127.0.0.3") as flood:
            flood.ask(site)
            flood.take()
        assert status_of(responder, "front 0")["unaffordable"] == 0


def turn_ns(pid):
    """How long a turn the kernel gives to a process; 0: as long as to everybody (sched_getattr(2))."""
    attributes = ctypes.create_string_buffer(56)
    assert ctypes.CDLL(None).syscall(SCHED_GETATTR[platform.machine()], pid, attributes, len(attributes), 0) == 0
    return int.from_bytes(attributes.raw[24:32], "little")


SCHED_GETATTR = {"x86_64": 315, "aarch64": 275}
KERNEL = tuple(map(int, re.match(r"(\d+)\.(\d+)", platform.release()).groups()))


@pytest.mark.skipif(KERNEL < (6, 12) or platform.machine() not in SCHED_GETATTR, reason="all turns are alike")
def test_a_front_has_short_turns(site):
    """doc/faults.md rows 23, 29: it waits for no signer's turn to end."""
    with site.responder() as made:
        turns = {name.split()[0]: turn_ns(pid) for name, pid in made.children().items()}
        assert turns["front"] == 100000 < turns["signer"]
