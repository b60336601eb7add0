"""Messages between a signer and its workers, and URIs of keys in tokens."""
import os
import struct
import sys


def message(kind, number=7, key=0, trouble=0, algorithm=b"", octets=b""):
    return (b"\0" + struct.pack(">BQBB", kind, number, key, trouble)
            + struct.pack(">I", len(algorithm)) + algorithm + struct.pack(">I", len(octets)) + octets)


URIS = [
    "pkcs11:token=ca;object=ocsp", "pkcs11:token=ca;id=%01%02?pin-source=file:/etc/pin",
    "pkcs11:token=a%20b;serial=12;manufacturer=x;model=y;object=z;type=private?module-path=/x.so",
    "pkcs11:token=ca;object=o?pin-value=1234", "pkcs11:slot-id=3;object=o", "pkcs11:",
    "pkcs11:token=%E8%AA%8D;object=%E8%A8%BC", "pkcs11:object=o?pin-source=|cmd", "pkcs11:x=y;object=o",
]
SEEDS = [message(1, octets=b"data"), message(2, algorithm=b"0\x0a", octets=b"signature"), message(3),
         message(3, octets=b"s" * 72), message(4, key=255, trouble=1, octets="its PIN".encode()),
         message(4, trouble=9), message(5, key=255), message(6), message(2, octets=b"x" * 2049),
         message(1)[:-1], *(b"\1" + uri.encode() for uri in URIS)]
for index, seed in enumerate(SEEDS):
    with open(os.path.join(sys.argv[1], f"token-{index}"), "wb") as file:
        file.write(seed)
