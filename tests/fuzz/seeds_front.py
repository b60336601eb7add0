"""Frames of a compromised ledger to a front as seeds: seeds_front.py FOLDER (fuzz_front.c says how packed)."""
import pathlib
import struct
import sys

ASK = bytes([0, 7])
WAIT = bytes([1, 2])


def frame(kind, payload=b""):
    return struct.pack("!BH", kind, len(payload)) + payload


def answer(tag=1, status=0, traits=0, until=20, serve=10, refresh=5, der=b"0\3\n\1\0"):
    return bytes([2, tag, status, traits, until, serve, refresh]) + struct.pack("!H", len(der)) + der


TICK = frame(18, struct.pack("!qq", 1800000000 * 10 ** 6, 2000 * 10 ** 6))
SEEDS = {
    "answered": TICK + ASK + answer() + ASK,
    "purged": TICK + ASK + answer() + frame(17, struct.pack("!BQi", 3, 0, 0)) + ASK,
    "never_answered": ASK + ASK + WAIT,
    "unasked": answer() + answer(serve=255, until=1) + ASK,
    "evidence_for_ever": frame(18, struct.pack("!qq", 2 ** 60, 2 ** 62)) + ASK + answer() + WAIT + ASK,
    "nonsense": ASK + frame(16, b"x") + frame(32, bytes(50)) + frame(255) + ASK,
    "huge": TICK + ASK + answer(der=b"0" * 60000) + ASK,
}

for name, data in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(data)
