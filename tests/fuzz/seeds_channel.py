"""Frames and control packets as seeds: seeds_channel.py FOLDER (fuzz_channel.c says how packed)."""
import pathlib
import struct
import sys

FRAMES, PACKET = b"\0", b"\1"
BYTEWISE, MIXED = bytes(4), bytes([0, 3, 40, 1])


def frame(kind, payload=b""):
    return struct.pack("!IB", len(payload) + 1, kind) + payload


def packet(kind, room=0, index=0, text=b""):
    return PACKET + struct.pack("!BBI", kind, room, index) + text


SEEDS = {
    "frames": FRAMES + MIXED + frame(16, b"answer") + frame(17) + frame(18, bytes(300)),
    "frames_bytewise": FRAMES + BYTEWISE + frame(16, b"answer") + frame(17),
    "frame_refused": FRAMES + MIXED + frame(1, b"x") + frame(255, b"y") + frame(2, b"z"),
    "frame_empty": FRAMES + MIXED + struct.pack("!I", 0) + frame(1),
    "frame_huge": FRAMES + MIXED + frame(1) + struct.pack("!IB", 0xFFFFFFFF, 1),
    "frame_cut_off": FRAMES + BYTEWISE + frame(16, b"answer")[:-2],
    "stop": packet(5),
    "ask": packet(6, text=b"status"),
    "failed": packet(33, text=b"cannot work"),
    "answer": packet(34, index=7, text=b"{}"),
    "fetched": packet(39, index=1, text=b"crl A"),
    "fetched_of_nobody": packet(39, index=2 ** 32 - 1, text=b" "),
    "imported": packet(10, room=2, index=1, text=b"1 2 3 4 5 6 7 they differ"),
    "imported_otherwise": packet(10, room=255, text=b"\xff\0"),
    "unknown": packet(77),
}

for name, data in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(data)
