"""Forms as browsers send them, and others: seeds_form.py FOLDER."""
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(sys.argv[1])
TYPE = b"multipart/form-data; boundary=----x\n"


def part(name, value, more=b""):
    return (b"------x\r\nContent-Disposition: form-data; name=\"" + name + b"\"" + more + b"\r\n\r\n" + value
            + b"\r\n")


def form(*parts):
    return TYPE + b"".join(parts) + b"------x--\r\n"


made = subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
     "/dev/null", "-subj", "/CN=a"], check=True, capture_output=True).stdout
der = subprocess.run(["openssl", "x509", "-outform", "DER"], input=made, check=True,
                     capture_output=True).stdout
FILE = b"; filename=\"a.pem\"\r\nContent-Type: application/x-x509-ca-cert"
SEEDS = {
    "pem": form(part(b"certificate", made, FILE), part(b"issuer", b""), part(b"serial", b"")),
    "der": form(part(b"certificate", der, FILE)),
    "named": form(part(b"certificate", b"", FILE), part(b"issuer", b"Demo CA"), part(b"serial", b"00:7f:02")),
    "markup": form(part(b"issuer", b"<script>"), part(b"serial", b"\"'&")),
    "twice": form(part(b"issuer", b"A"), part(b"issuer", b"B")),
    "endless": TYPE + part(b"issuer", b"A"),
    "no_boundary": b"multipart/form-data\n",
    "other": b"application/x-www-form-urlencoded\nissuer=A",
}
for name, octets in SEEDS.items():
    (FOLDER / name).write_bytes(octets)
