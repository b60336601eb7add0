"""CRLs as a CA would issue them, or would not: DER made by hand, so that every part can be wrong, and signed by
openssl with the key of a harness.DemoCA."""
import base64
import datetime
import os
import subprocess
import time

from asn1crypto import pem, x509

SHA256_ECDSA = bytes.fromhex("300a06082a8648ce3d040302")
SHA1_ECDSA = bytes.fromhex("300906072a8648ce3d0401")
REASONS = {"unspecified": 0, "keyCompromise": 1, "cACompromise": 2, "superseded": 4, "certificateHold": 6,
           "removeFromCRL": 8}
NUMBER, REASON, INSTRUCTION, INVALIDITY, DELTA, POINT, ISSUER, KEY_ID = 20, 21, 23, 24, 27, 28, 29, 35
LONG_AGO = int(time.time()) - 86400
REJECT = bytes.fromhex("06072a8648ce380203")


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content).to_bytes(4, "big").lstrip(b"\0")
    return bytes([tag]) + (bytes([len(content)]) if len(content) < 128 else bytes([0x80 | len(size)]) + size) + content


def integer(value):
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def moment(seconds):
    text = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return der(0x18, text.strftime("%Y%m%d%H%M%SZ").encode())


def extension(number, value, critical=False):
    return der(0x30, der(0x06, b"\x55\x1d", bytes([number])), b"\x01\x01\xff" if critical else b"", der(0x04, value))


def entry(serial, at=None, reason=None, invalidity=None, instruction=None, more=()):
    extensions = list(more)
    if reason is not None:
        extensions.append(extension(REASON, der(0x0A, bytes([REASONS.get(reason, reason)]))))
    if invalidity is not None:
        extensions.append(extension(INVALIDITY, moment(invalidity)))
    if instruction is not None:
        extensions.append(extension(INSTRUCTION, instruction))
    return der(0x30, integer(serial), moment(at or LONG_AGO),
               der(0x30, *extensions) if extensions else b"")


def point(uri=None, user=False, authority=False, some_reasons=False, indirect=False):
    """issuingDistributionPoint"""
    return extension(POINT, der(
        0x30, der(0xA0, der(0xA0, der(0x86, uri.encode()))) if uri else b"", b"\x81\x01\xff" if user else b"",
        b"\x82\x01\xff" if authority else b"", b"\x83\x02\x06\x40" if some_reasons else b"",
        b"\x84\x01\xff" if indirect else b""), True)


def issuer_name(ca):
    with open(ca.certificate, "rb") as file:
        return x509.Certificate.load(pem.unarmor(file.read())[2]).subject.dump()


def sign(ca, octets, digest="-sha256"):
    return subprocess.run(["openssl", "dgst", digest, "-sign", ca.path("ca.key")], input=octets, check=True,
                          capture_output=True).stdout


def crl(ca, entries=(), number=None, base=None, since=-60, until=3600, extensions=(), algorithm=SHA256_ECDSA,
        digest="-sha256", name=None):
    """DER. since, until: seconds from now; until may be None."""
    now = int(time.time())
    extensions = list(extensions)
    if number is not None:
        extensions.append(extension(NUMBER, integer(number)))
    if base is not None:
        extensions.append(extension(DELTA, integer(base), True))
    tbs = der(0x30, b"\x02\x01\x01", algorithm, name or issuer_name(ca), moment(now + since),
              b"" if until is None else moment(now + until), der(0x30, *entries) if entries else b"",
              der(0xA0, der(0x30, *extensions)) if extensions else b"")
    return der(0x30, tbs, algorithm, der(0x03, b"\x00", sign(ca, tbs, digest)))


def write(folder, name, octets, armored=False):
    if armored:
        octets = (b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(octets) + b"-----END X509 CRL-----\n")
    path = os.path.join(str(folder), name)
    with open(path, "wb") as file:
        file.write(octets)
    return path
