"""Streams of COPY as seeds: seeds_rows.py FOLDER (fuzz_rows.c says how they are packed)."""
import pathlib
import struct
import sys

HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!II", 0, 0)
TRAILER = b"\xff\xff"
ROW, ISSUER, FACTS, EVIDENCE = range(4)
DAY_US = 86400 * 10**6


def i2(number):
    return struct.pack("!h", number)


def i4(number):
    return struct.pack("!i", number)


def i8(number):
    return struct.pack("!q", number)


def row(*fields):
    out = struct.pack("!H", len(fields))
    for field in fields:
        out += struct.pack("!i", -1 if field is None else len(field)) + (field or b"")
    return out


def stream(kind, *rows):
    messages = [HEADER + rows[0], *rows[1:], TRAILER]
    return bytes([kind]) + b"".join(struct.pack("!H", len(m)) + m for m in messages)


GOOD = row(i4(1), b"\x01", i8(1), i2(0), None, None, None, i8(2**63 - 1))
REVOKED = row(i4(1), b"\x02", i8(7), i2(1), i2(1), i8(DAY_US), i8(DAY_US // 2), i8(9 * DAY_US))
HELD = row(i4(2), b"\x00\x80", i8(2), i2(2), i2(6), i8(DAY_US), None, None)
CA = row(i4(1), b"Example CA", i8(1), None, None, b"\x30\x03\x02\x01\x01", bytes(32), bytes(32), None, b"\x01",
         i8(DAY_US), i8(2 * DAY_US), i4(3), i8(DAY_US), i8(9 * DAY_US))
SEEDS = {
    "rows": stream(ROW, GOOD, REVOKED, HELD),
    "row_inconsistent": stream(ROW, row(i4(1), b"\x01", i8(1), i2(0), i2(1), None, None, None)),
    "row_of_nobody": stream(ROW, row(None, b"\x01", i8(1), i2(0), None, None, None, None)),
    "issuer": stream(ISSUER, CA),
    "issuer_revoked": stream(ISSUER, row(i4(2), b"B", i8(2), i8(DAY_US), i2(2), b"\x30\0", bytes(32), bytes(32),
                                         b"\x30\0", b"\x01", None, None, i4(0), None, None)),
    "facts": stream(FACTS, row(bytes(32), b"http://crl.example/ca.crl", b"\x07", i8(DAY_US),
                               b"\0\x03\0\x01\x09")),
    "facts_none": stream(FACTS, row(None, None, None, None, None)),
    "evidence": stream(EVIDENCE, row(i8(820454400 * 10**6) + i8(-2**63) + i8(7) + i8(5) + i8(1)
                                     + i8(9) + i8(1000) + b"\0\0")),
    "evidence_ancient": stream(EVIDENCE, row(i8(820454400 * 10**6) + i8(-2**63 + 1) + i8(7) + i8(5)
                                             + i8(1) + i8(9) + i8(1000) + b"\x01\0")),
    "evidence_standby": stream(EVIDENCE, row(i8(820454400 * 10**6) + i8(820454399 * 10**6) + i8(7)
                                             + i8(5) + i8(1) + i8(9) + i8(1000) + b"\x01\0")),
}

for name, data in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(data)
