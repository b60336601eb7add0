"""Answers as far as the signer's name, for fuzz_access_signer: by key, by name, cut short."""
import pathlib
import sys


def der(tag, *parts):
    content = b"".join(parts)
    return bytes([tag, len(content)]) + content


def answer(responder):
    basic = der(0x30, der(0x30, responder))
    octets = der(0x30, bytes.fromhex("06092b0601050507300101"), der(0x04, basic))
    return der(0x30, b"\x0a\x01\x00", der(0xA0, octets))


def name(*values):
    return der(0xA1, der(0x30, *[der(0x31, der(0x30, b"\x06\x03\x55\x04\x03", der(0x0C, v))) for v in values]))


seeds = {
    "key": answer(der(0xA2, der(0x04, bytes(range(20))))),
    "name": answer(name(b"Example", b"OCSP \"signer\"\\\n")),
    "empty": answer(name()),
    "error": b"\x30\x03\x0a\x01\x03",
    "cut": answer(name(b"OCSP"))[:-3],
}
folder = pathlib.Path(sys.argv[-1])
for title, octets in seeds.items():
    (folder / title).write_bytes(octets)
