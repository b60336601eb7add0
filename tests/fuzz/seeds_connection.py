"""Clients' octets as seeds: seeds_connection.py FOLDER. The first nine octets say how they come."""
import base64
import pathlib
import sys

LISTED, HEADER, STRICT, CLOSE, LATE, SLOW = (1 << bit for bit in range(6))


def der(serial, nonce=False):
    """An OCSPRequest of one CertID."""

    def tlv(tag, *parts):
        value = b"".join(parts)
        return bytes([tag, len(value)]) + value

    algorithm = bytes.fromhex("300906052b0e03021a0500")
    certid = tlv(0x30, algorithm, tlv(4, bytes(20)), tlv(4, bytes(20)), tlv(2, bytes([serial])))
    requests = tlv(0x30, tlv(0x30, certid))
    extension = tlv(0x30, bytes.fromhex("06092b0601050507300102"), tlv(4, tlv(4, b"nonc")))
    return tlv(0x30, tlv(0x30, requests, tlv(0xA2, tlv(0x30, extension)) if nonce else b""))


def get(serial, fields=b""):
    return b"GET /" + base64.b64encode(der(serial)) + b" HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n"


def post(serial, fields=b"", nonce=False):
    body = der(serial, nonce)
    return b"POST / HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n%s" % (
        fields, len(body), body)


def chunked(serial):
    body = der(serial)
    return (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"10\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (body[:16], len(body) - 16, body[16:]))


V1 = b"PROXY TCP4 192.0.2.7 10.0.0.1 1 2\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([192, 0, 2, 7, 10, 0, 0, 1, 0, 1, 0, 2])
BYTEWISE, MIXED = bytes(8), bytes([0, 30, 2, 200, 9, 1, 77, 120])
SEEDS = {
    "one_get": (CLOSE, BYTEWISE, get(1)),
    "one_post": (0, MIXED, post(1, nonce=True)),
    "pipeline": (LATE, MIXED, get(1) + get(2) + post(3) + get(1) + b"GET /healthz HTTP/1.1\r\n"
                 b"Host: a\r\n\r\n"),
    "pipeline_slow": (LATE | SLOW, MIXED, b"".join(get(i) for i in range(1, 30))),
    "nonces_slow": (SLOW, BYTEWISE, b"".join(post(i, nonce=True) for i in range(1, 20))),
    "chunked": (0, BYTEWISE, chunked(4) + chunked(5)),
    "continue": (0, MIXED, post(1, b"Expect: 100-continue\r\n") + get(2)),
    "close": (0, MIXED, get(1, b"Connection: close\r\n") + get(2)),
    "old": (0, MIXED, get(1).replace(b"HTTP/1.1", b"HTTP/1.0") + get(2)),
    "strict": (STRICT, MIXED, post(1, b"Content-Type: application/ocsp-request\r\n") + post(2)),
    "smuggled": (0, MIXED, post(1, b"Content-Length: 5\r\n") + get(2)),
    "malformed": (0, MIXED, get(1) + b"GET / HTTP/1.1\r\nHost : a\r\n\r\n" + get(2)),
    "conditions": (0, MIXED, get(1) + get(1, b"If-None-Match: \"x\", *\r\n")
                   + get(1, b"If-Modified-Since: Fri, 15 Jan 2027 08:00:00 GMT\r\n")),
    "proxy_v1": (LISTED | HEADER, BYTEWISE, V1 + get(1)),
    "proxy_v2": (LISTED | HEADER, MIXED, V2 + get(1) + get(2)),
    "proxy_absent": (LISTED | HEADER, MIXED, get(1)),
    "proxy_not_listed": (HEADER, MIXED, V1 + get(1)),
    "forwarded": (LISTED, MIXED, get(1, b"X-Forwarded-For: 192.0.2.7\r\n")
                  + get(2, b"X-Forwarded-For: 192.0.2.8, 10.9.9.9\r\n")),
    "head_request": (0, MIXED, get(1).replace(b"GET", b"HEAD") + get(2)),
}

for name, (flags, sizes, octets) in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(bytes([flags]) + sizes + octets)
