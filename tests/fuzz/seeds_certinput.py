"""Certificate files in the forms in which people have them: seeds_certinput.py FOLDER."""
import pathlib
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(sys.argv[1])


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def write(name, data):
    (FOLDER / name).write_bytes(data)


with tempfile.TemporaryDirectory() as made:
    made = pathlib.Path(made)
    cert, key = made / "cert.pem", made / "key.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", key, "-subj", "/CN=a", "-out", cert)
    openssl("x509", "-in", cert, "-outform", "DER", "-out", FOLDER / "cert_der")
    openssl("x509", "-in", cert, "-trustout", "-addtrust", "serverAuth", "-out", FOLDER / "trusted")
    for form in ("PEM", "DER"):
        openssl("crl2pkcs7", "-nocrl", "-certfile", cert, "-certfile", cert, "-outform", form,
                "-out", FOLDER / f"pkcs7_{form}")
    openssl("req", "-new", "-key", key, "-subj", "/CN=a", "-outform", "DER", "-out", FOLDER / "csr")
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", key, "-outform", "DER", "-out", FOLDER / "key")
    for name, options in (
            ("plain", ["-nokeys", "-keypbe", "NONE", "-certpbe", "NONE", "-passout", "pass:x"]),
            ("empty", ["-inkey", key, "-passout", "pass:"]),
            ("old", ["-nokeys", "-certpbe", "PBE-SHA1-3DES", "-passout", "pass:"]),
            ("password", ["-inkey", key, "-passout", "pass:secret"])):
        openssl("pkcs12", "-export", "-in", cert, *options, "-out", FOLDER / f"pkcs12_{name}")
    pem, der = cert.read_text(encoding="ascii"), (FOLDER / "cert_der").read_bytes()
    write("pem", pem.encode())
    write("pem_mark", b"\xef\xbb\xbf" + pem.encode())
    write("pem_cr", pem.replace("\n", "\r").encode())
    write("pem_two", (pem + "text\r\n" + key.read_text(encoding="ascii") + pem).encode())
    write("pem_truncated", pem[:200].encode() + b"\n" + pem.encode())
    write("utf16", pem.encode("utf-16"))
    write("utf16_be", pem.encode("utf-16-be"))
    write("bare", "".join(pem.splitlines(True)[1:-1]).encode())
    write("der_two", der + der + b"\n")
