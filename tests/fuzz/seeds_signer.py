"""Jobs of a compromised ledger as seeds: seeds_signer.py FOLDER (fuzz_signer.c says how packed)."""
import pathlib
import struct
import sys


def bent(ours=1, status=0, this=-1, until=3000, nonce=0, count=1, issuer=0):
    return struct.pack("!BBBiiBBB", 1, ours, status, this, until, nonce, count, issuer)


def raw(payload):
    return struct.pack("!BH", 0, len(payload)) + payload


SEEDS = {
    "honest": bent() + bent(status=1) + bent(status=2),
    "another_issuer": bent(ours=0) + bent(issuer=9),
    "times": bent(this=100) + bent(until=10 ** 8) + bent(this=-10 ** 8) + bent(until=-5),
    "many": bent(count=10) + bent(count=0),
    "nonces": bent(nonce=32) + bent(nonce=129) + bent(nonce=255),
    "octets": raw(b"digest") + raw(bytes(60)) + raw(b"\xff" * 300),
}

for name, data in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(data)
