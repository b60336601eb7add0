"""Changes, and what a cache makes of them, as seeds: seeds_purges.py FOLDER (fuzz_purges.c says how packed)."""
import pathlib
import struct
import sys

VARNISH, URL, TEMPLATE = 0, 1, 2
CONFIRMED, FAILED, ALL = bytes([2]), bytes([3]), bytes([6])


def wait(tenths):
    return bytes([0, tenths])


def told(kind=VARNISH, most=0):
    return bytes([1, kind, most])


def certificate(number, issuer=0):
    return bytes([4, issuer, number])


def issuer(number):
    return bytes([5, number])


def frame(payload):
    return struct.pack("!BH", 7, len(payload)) + payload


BEGUN = told() + CONFIRMED + wait(61) + told() + CONFIRMED
SEEDS = {
    "told_twice": BEGUN + certificate(1) + told() + CONFIRMED + wait(61) + told() + CONFIRMED,
    "while_it_is_told": BEGUN + certificate(1) + told() + certificate(1) + CONFIRMED + told() + FAILED + wait(1),
    "many": BEGUN + b"".join(certificate(n) for n in range(120)) + told() + CONFIRMED + certificate(3) + told(URL),
    "many_issuers": BEGUN + b"".join(issuer(n) for n in range(60)) + told() + CONFIRMED,
    "much": BEGUN + b"".join(certificate(n, i) for i in range(8) for n in range(80)) + told(TEMPLATE) + FAILED,
    "away": certificate(1) + 8 * (told() + FAILED + wait(60)) + issuer(0) + ALL + told() + CONFIRMED,
    "by_url": BEGUN + certificate(7) + told(URL) + CONFIRMED + certificate(8) + told(URL, 1) + FAILED,
    "everything_waits": BEGUN + certificate(1) + told() + CONFIRMED + ALL + wait(61) + told() + FAILED + wait(9),
    "nonsense": BEGUN + frame(b"x") + frame(bytes(200)) + told() + CONFIRMED,
}

for name, data in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(data)
