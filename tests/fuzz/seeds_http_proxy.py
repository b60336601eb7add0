"""Binary PROXY headers as seeds: seeds_http_proxy.py FOLDER."""
import pathlib
import socket
import struct
import sys

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def header(command, family, body):
    return SIGNATURE + struct.pack("!BBH", command, family, len(body)) + body


def addresses(family, source, target):
    return socket.inet_pton(family, source) + socket.inet_pton(family, target) + b"\xdc\x04\x01\xbb"


V4 = addresses(socket.AF_INET, "192.0.2.1", "192.0.2.2")
V6 = addresses(socket.AF_INET6, "2001:db8::1", "2001:db8::2")
SEEDS = {
    "v2_tcp4": header(0x21, 0x11, V4) + b"GET / HTTP/1.1\r\n",
    "v2_tcp4_tlv": header(0x21, 0x11, V4 + b"\x04\0\0\x05\0\x01x"),
    "v2_tcp6": header(0x21, 0x21, V6),
    "v2_unix": header(0x21, 0x31, bytes(216)),
    "v2_local": header(0x20, 0x00, b""),
    "v2_unspec": header(0x21, 0x00, b"xyz"),
    "v2_udp": header(0x21, 0x12, V4),
    "v2_short": header(0x21, 0x21, V4),
    "v2_large": header(0x21, 0x11, V4 + bytes(2100)),
}

for name, data in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(data)
