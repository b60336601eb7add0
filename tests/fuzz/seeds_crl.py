"""CRLs of all kinds, for fuzz_crl: their signatures are nonsense, which nobody looks at there."""
import pathlib
import sys


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big") if size > 0xff else bytes([0x81, size])
    return bytes([tag]) + length + content


ALGORITHM = der(0x30, bytes.fromhex("06082a8648ce3d040302"))
NAME = der(0x30, der(0x31, der(0x30, b"\x06\x03\x55\x04\x03", der(0x0C, b"A"))))
BEGAN, ENDS = der(0x17, b"261101000000Z"), der(0x18, b"20501201000000Z")


def extension(number, value, critical=False):
    return der(0x30, der(0x06, b"\x55\x1d", bytes([number])), b"\x01\x01\xff" if critical else b"", der(0x04, value))


def entry(serial, *extensions):
    return der(0x30, der(0x02, serial), BEGAN, der(0x30, *extensions) if extensions else b"")


def crl(*entries, extensions=(), version=b"\x02\x01\x01", ends=ENDS):
    tbs = der(0x30, version, ALGORITHM, NAME, BEGAN, ends, der(0x30, *entries) if entries else b"",
              der(0xA0, der(0x30, *extensions)) if extensions else b"")
    return der(0x30, tbs, ALGORITHM, der(0x03, b"\x00", bytes(8)))


number = extension(20, b"\x02\x01\x07")
point = extension(28, der(0x30, der(0xA0, der(0xA0, der(0x86, b"http://a"))), b"\x81\x01\xff"), True)
seeds = {
    "empty": crl(),
    "version_1": crl(entry(b"\x01"), version=b"", ends=b""),
    "full": crl(entry(b"\x01"), entry(b"\x00\xff", extension(21, b"\x0a\x01\x01")),
                entry(b"\x02", extension(21, b"\x0a\x01\x06"), extension(24, der(0x18, b"20261001000000Z")),
                      extension(23, b"\x06\x07\x2a\x86\x48\xce\x38\x02\x03")), extensions=[number, point]),
    "delta": crl(entry(b"\x02", extension(21, b"\x0a\x01\x08")),
                 extensions=[number, extension(27, b"\x02\x01\x05", True)]),
    "indirect": crl(entry(b"\x02", extension(29, der(0x30, der(0xA4, NAME)), True)),
                    extensions=[extension(28, b"\x30\x03\x84\x01\xff", True)]),
    "unknown": crl(extensions=[extension(99, b"\x05\x00", True)]),
}
folder = pathlib.Path(sys.argv[-1])
for title, octets in seeds.items():
    (folder / title).write_bytes(octets)
