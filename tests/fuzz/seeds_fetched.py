"""A server's answers, and what becomes of them, as seeds: seeds_fetched.py FOLDER (fuzz_fetched.c says how packed)."""
import pathlib
import struct
import sys

TAKEN, DIFFERS, REFUSED, LATER = 1, 2, 3, 4
COMPARED = 128


def said(outcome, text):
    return struct.pack("!BH", outcome, len(text)) + text


SEEDS = {
    "page": b"\0<!DOCTYPE html>",
    "empty": b"\0",
    "pem": b"\0-----BEGIN X509 CRL-----\nMAA=\n",
    "sequence": b"\0\x30\x03\x02\x01\x00",
    "cut": b"\0\x30\x82\x10\x00\x30\x00",
    "size_of_everything": b"\0\x30\x84\xff\xff\xff\xff",
    "indefinite": b"\0\x30\x80\x00\x00",
    "taken": said(TAKEN, b"recorded") + said(REFUSED, b"did not sign it") + said(TAKEN, b"again"),
    "compared": said(COMPARED | DIFFERS, b"1 2 3 4 5 6 7 they differ") + said(COMPARED | TAKEN, b"none"),
    "no_counts": said(COMPARED | DIFFERS, b"1 2 3") + said(COMPARED | DIFFERS, b"9" * 30 + b" 0 0 0 0 0 0 x"),
    "counts_of_another_kind": said(DIFFERS, b"1 2 3 4 5 6 7 x"),
    "no_text": said(LATER, b"") + said(TAKEN, b"\xff\xc0\0\n\"\\"),
    "long": said(REFUSED, b"\xe8\xaa\x8d" * 300),
    "unknown": said(0, b"x") + said(5, b"y"),
}

for name, data in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(data)
