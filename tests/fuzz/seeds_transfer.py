"""Answers of HTTP servers: seeds_transfer.py FOLDER (fuzz_transfer.c)."""
import pathlib
import sys

FIELDS, BODY, PURGE = 1, 2, 4
OK = b"HTTP/1.1 200 OK\r\n"
SEEDS = {
    "whole": (0, OK + b"ETag: \"a\"\r\nLast-Modified: then\r\nContent-Length: 2\r\n\r\nok"),
    "purged": (FIELDS | PURGE, OK + b"Content-Length: 0\r\n\r\n"),
    "posted": (FIELDS | BODY, OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    "redirected": (0, b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/b\r\nContent-Length: 0\r\n\r\n"),
    "unchanged": (0, b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "to_its_end": (0, OK + b"\r\n" + b"x" * 100),
    "too_much": (0, OK + b"\r\n" + b"x" * 1000),
    "cut": (0, OK + b"Content-Length: 100\r\n\r\nless"),
    "cut_head": (0, OK + b"Content-Le"),
    "nonsense": (0, b"what?\r\n\r\n"),
    "nothing": (0, b""),
    "early": (BODY, b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nx"),
}
for name, (flags, octets) in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(bytes([flags]) + octets)
