"""Sequences of steps as seeds: seeds_ledger.py FOLDER (fuzz_ledger.c says what a step takes)."""
import pathlib
import sys

QUERY, _, SIGNED, _, FOUND, _, POLL, _, LOAD, TIME, ATTACH, TROUBLE, FRONT, SIGNER, VERIFIER, RESTART, \
    ACCEPT, EXPLAIN, KEPT = range(19)
STORED = 0x78
SAME_TURN = 0x80
GOOD, REVOKED, HELD = 0, 1, 2
TRUE, FALSE = 0, 1


def record(status, ca=0, serial=1, version=None):
    what = status | ca << 2 | (serial - 1) << 4
    when = [0] if status in (REVOKED, HELD) else []
    return [what] + when if version is None else [what | 0x80, version - 1] + when


def load(*rows, history=0, swapped=False):
    return [LOAD, len(rows) << 5 | (4 if swapped else 0), history] + sum(rows, [])


def poll(*rows):
    return [POLL, len(rows) << 2] + sum(rows, [])


def query(serial=1, ca=0, front=0, nonce=False):
    return [QUERY, front | ca << 1 | (serial - 1) << 2 | (0x40 if nonce else 0)]


def found(status=GOOD):
    return [FOUND, 0, 0] + record(status)


def signed(job=0, signer=0):
    return [SIGNED, signer, job]


def seconds(count):
    return [TIME, count << 1 | 1]


def stored(kind=0, times=0x23):
    return [STORED, kind] + ([] if kind & 0xe0 else [times])


NO_JOURNAL = [0]
BY_SIGNERS, PRESIGNED, KEEPS, BY_CRL = [0], [1], [2], [4]
SAVE, PUT_BACK, FLIP, CUT, OTHERS = [KEPT, 0, 0], [KEPT, 1, 0], [KEPT, 2, 40], [KEPT, 3, 2], [KEPT, 8, 0]
ANSWERED = load() + query() + found() + signed()
SEEDS = {
    "answered": ANSWERED + query(nonce=True) + found() + signed(1),
    "two_fronts": ANSWERED + query(front=1),
    "costs_too_much": load() + query() + found() + signed(0, 64) + query(2) + query(3, nonce=True)
    + found() + signed(1, 64) + signed(2),
    "revoked_while_signing": load() + query() + found() + poll(record(REVOKED)) + signed()
    + found(REVOKED) + signed(1),
    "revoked_after": ANSWERED + poll(record(REVOKED)) + query() + found() + signed(1),
    "same_turn": load() + query() + found() + [POLL | SAME_TURN, 4] + record(REVOKED) + signed(),
    "held_and_released": load(record(HELD)) + query() + signed() + poll(record(GOOD)) + query()
    + found() + signed(1),
    "another_history": load(record(REVOKED)) + load(history=1) + query() + found() + signed(),
    "ids_swapped": load(record(REVOKED)) + load(history=1, swapped=True) + query() + query(ca=1)
    + found() + signed(),
    "position_back": load(record(REVOKED)) + load(history=4) + query() + found() + signed(),
    "restart": load(record(REVOKED)) + [RESTART] + load(history=1) + query() + found() + signed(),
    "accepted": load(record(REVOKED)) + load(history=1) + seconds(1) + poll() + [ACCEPT, 0] + load(history=1) + query()
    + found() + signed(),
    "database_away": load() + query() + [TROUBLE, 12] + seconds(9) + query(),
    "bad_rows": load() + query() + [TROUBLE, 0] + [TROUBLE, 4] + query(2) + found(),
    "rooms_restart": load() + query() + found() + [ATTACH, 2, ATTACH, 0] + signed() + [ATTACH, 4],
    "explained": ANSWERED + [EXPLAIN, 0] + found() + [FRONT, 0, 3, 12] + [0] * 7 + [1] + [0] * 4 + seconds(3)
    + [EXPLAIN, 0xc0, 3, 65, 32, 49] + poll(record(REVOKED)) + [EXPLAIN, 0] + found(),
    "wild": load() + [FRONT, 0, 1, 3, 1, 2, 3] + [SIGNER, 0, 48, 2, 0, 0] + [VERIFIER, 80, 1, 0],
    "old_versions": load(record(REVOKED, version=9)) + poll(record(GOOD, version=3)) + query()
    + found() + signed(),
}

FETCHED = load() + query(ca=1) + found()
STORED_SEEDS = {
    "stored": FETCHED + stored() + query(ca=1) + query(2, ca=1) + found() + stored(1),
    "stored_forged": FETCHED + stored(8) + query(2, ca=1) + found() + stored(0x10) + query(3, ca=1) + found()
    + [STORED, 0x20, 3, 0x30, 1, 0],
    "stored_of_another_time": FETCHED + stored(0, 0x20) + query(2, ca=1) + found() + stored(0, 0xf),
    "stored_and_revoked": FETCHED + poll(record(REVOKED, ca=1)) + stored() + stored() + query(ca=1) + stored(2),
    "stored_then_revoked": FETCHED + stored() + poll(record(REVOKED, ca=1)) + query(ca=1) + stored(),
    "stored_and_held": load(record(HELD, ca=1)) + query(ca=1) + stored() + query(ca=1) + stored(2),
    "stored_nothing": FETCHED + stored(0x40) + query(2, ca=1) + found() + stored(0x80),
    "stored_database_away": FETCHED + [TROUBLE, 12] + seconds(9) + query(ca=1),
    "stored_front_gone": FETCHED + [ATTACH, 0] + stored() + [EXPLAIN, 1] + found() + stored(),
    "stored_explained_in_vain": load() + [EXPLAIN, 1] + found() + seconds(30),
    "stored_restart": FETCHED + poll(record(REVOKED, ca=1)) + [RESTART] + load(history=1) + query(ca=1) + stored(),
}

AGAIN = load() + query() + found()
KEPT_SEEDS = {
    "kept": ANSWERED + query() + [RESTART] + AGAIN + query(2) + found() + signed(),
    "kept_then_revoked": ANSWERED + [RESTART] + load(record(REVOKED)) + query() + signed(),
    "kept_put_back": ANSWERED + SAVE + load(record(REVOKED)) + query() + signed() + PUT_BACK + AGAIN + signed(),
    "kept_flipped": ANSWERED + FLIP + AGAIN + signed(),
    "kept_cut": ANSWERED + query(2) + found() + signed(1) + CUT + AGAIN + signed(),
    "kept_other_signers": ANSWERED + [RESTART] + OTHERS + AGAIN + signed(),
    "kept_old": ANSWERED + [RESTART] + seconds(100) + AGAIN + signed(),
}
UNTIL_SOON, UNTIL_LATER = [0x13], [0xf1]


def load_by_crl(*rows, window):
    return [LOAD, len(rows) << 5, 0] + window + sum(rows, [])


def absent():
    return [FOUND, 0, 6]


CRL_SEEDS = {
    "crl_absent": load_by_crl(window=UNTIL_LATER) + query() + absent() + signed() + query(2) + found() + signed(1),
    "crl_lapses": load_by_crl(window=UNTIL_SOON) + query() + absent() + signed() + seconds(20) + poll() + query()
    + absent() + query(2) + found(),
    "crl_none": load_by_crl(window=[0]) + query() + absent() + query(2) + found(),
    "crl_next": load_by_crl(window=UNTIL_SOON) + query() + absent() + seconds(3) + [POLL, 0x50] + UNTIL_LATER + query()
    + absent() + signed(),
    "crl_revoked": load_by_crl(window=UNTIL_LATER) + query() + absent() + poll(record(REVOKED)) + signed() + query(),
}

# What the fuzzer found, as it was: a question of which serial number there is none, not even a word.
FOUND = {"explain_nothing": "000008000400000b00064000000091fd"}

for name, steps in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(bytes(NO_JOURNAL + BY_SIGNERS + steps))
for name, steps in STORED_SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(bytes(NO_JOURNAL + PRESIGNED + steps))
for name, steps in KEPT_SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(bytes(NO_JOURNAL + KEEPS + steps))
for name, steps in CRL_SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(bytes(NO_JOURNAL + BY_CRL + steps))
for name, octets in FOUND.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(bytes.fromhex(octets))
