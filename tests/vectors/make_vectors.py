#!/usr/bin/env python3
"""Makes DER inputs: OCSP requests and certificates, valid and malformed, with what to expect.

    make_vectors.py OUTDIR                 OUTDIR/KIND/*.der and OUTDIR/KIND.manifest for each kind
    make_vectors.py --seeds KIND OUTDIR    OUTDIR/*.der of one kind, as seeds for its fuzz target

A manifest line is the file's name and the reader's result, as check_vectors.c prints it. Files are
named by the requirement that they show. Nothing but the standard library is used, and nothing of
the responder: the encoder here is independent of the reader that it tests.
"""
import base64
import pathlib
import sys

# ---- DER ----


def length(size):
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag, *parts):
    content = b"".join(parts)
    return bytes([tag]) + length(len(content)) + content


def sequence(*parts):
    return tlv(0x30, *parts)


def set_of(*parts):
    return tlv(0x31, *parts)


def integer(content):
    return tlv(0x02, content)


def octets(content):
    return tlv(0x04, content)


def bits(content):
    return tlv(0x03, b"\0", content)


def explicit(number, *parts):
    return tlv(0xA0 | number, *parts)


def oid(dotted):
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = b""
    for arc in [first * 40 + second] + rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, 0x80 | arc & 0x7F)
        content += bytes(groups)
    return tlv(0x06, content)


NULL = tlv(0x05)
TRUE = tlv(0x01, b"\xff")

# ---- OCSP requests ----

SHA1 = "1.3.14.3.2.26"
SHA224 = "2.16.840.1.101.3.4.2.4"
SHA256 = "2.16.840.1.101.3.4.2.1"
SHA384 = "2.16.840.1.101.3.4.2.2"
SHA512 = "2.16.840.1.101.3.4.2.3"
HASHES = {SHA1: (1, 20), SHA256: (2, 32), SHA384: (3, 48), SHA512: (4, 64), SHA224: (0, 28)}
BASIC = "1.3.6.1.5.5.7.48.1.1"
NONCE = "1.3.6.1.5.5.7.48.1.2"
ACCEPTABLE = "1.3.6.1.5.5.7.48.1.4"
LOCATOR = "1.3.6.1.5.5.7.48.1.7"
PREFERRED = "1.3.6.1.5.5.7.48.1.8"
UNKNOWN = "1.2.3.4.5.6"
SERIAL = bytes.fromhex("2a")


def certid(serial=SERIAL, algorithm=SHA1, parameters=NULL, name=None, key=None):
    size = HASHES[algorithm][1]
    return sequence(
        sequence(oid(algorithm), parameters),
        octets(b"\x11" * size if name is None else name),
        octets(b"\x22" * size if key is None else key),
        integer(serial),
    )


def single(one=None, extensions=None):
    wrapped = b"" if extensions is None else explicit(0, sequence(*extensions))
    return sequence(certid() if one is None else one, wrapped)


def extension(identifier, value, critical=b""):
    return sequence(oid(identifier), critical, octets(value))


def tbs(*singles, version=b"", requestor=b"", extensions=None):
    wrapped = b"" if extensions is None else explicit(2, sequence(*extensions))
    return sequence(version, requestor, sequence(*(singles or [single()])), wrapped)


def request(*singles, signature=b"", **fields):
    return sequence(tbs(*singles, **fields), signature)


def with_extensions(*extensions):
    return request(extensions=extensions)


def with_nonce(value):
    return with_extensions(extension(NONCE, value))


def common_name(text, tag=0x0C):
    return sequence(set_of(sequence(oid("2.5.4.3"), tlv(tag, text.encode()))))


def signature(*certs):
    chain = explicit(0, sequence(*certs)) if certs else b""
    algorithm = sequence(oid("1.2.840.113549.1.1.11"), NULL)
    return explicit(0, sequence(algorithm, bits(b"\x5a" * 256), chain))


def read(serials=(SERIAL,), hashes=(1,), nonce=b"", signed=0, preferred=0, raw=""):
    return (
        f"ok serials={','.join(s.hex().upper() for s in serials)}"
        f" hashes={','.join(map(str, hashes))}"
        f" nonce={raw}{nonce.hex().upper() or '-'} signed={signed} preferred={preferred}"
    )


MALFORMED = "malformed"


def framing_vectors():
    whole = request()
    yield "P-01-empty", b"", MALFORMED
    yield "P-01-random", bytes(range(7, 250, 3)), MALFORMED
    yield "P-01-text", b"GET / HTTP/1.1\r\n\r\n", MALFORMED
    yield "P-01-truncated-half", whole[: len(whole) // 2], MALFORMED
    yield "P-01-truncated-last", whole[:-1], MALFORMED
    yield "P-02-trailing-byte", whole + b"\0", MALFORMED
    yield "P-02-trailing-request", whole + whole, MALFORMED
    yield "P-02-trailing-in-tbs", sequence(sequence(sequence(single()), NULL)), MALFORMED
    yield "P-02-trailing-in-certid", request(single(sequence(certid()[2:], NULL))), MALFORMED
    yield "P-03-empty-list", bytes.fromhex("300430023000"), MALFORMED
    yield "P-03-empty-list-nonce", sequence(
        sequence(sequence(), explicit(2, sequence(extension(NONCE, octets(b"abcd")))))
    ), MALFORMED
    for name, version in [("v2", b"\1"), ("v3", b"\2"), ("negative", b"\xff"), ("padded", b"\0\0")]:
        yield f"P-04-version-{name}", request(version=explicit(0, integer(version))), MALFORMED
    yield "P-04-version-v1-explicit", request(version=explicit(0, integer(b"\0"))), read()


def ber_vectors():
    inner = tbs()
    size = len(inner)
    yield "P-05-indefinite", b"\x30\x80" + inner + b"\0\0", MALFORMED
    yield "P-05-indefinite-tbs", sequence(b"\x30\x80" + inner[2:] + b"\0\0"), MALFORMED
    yield "P-05-long-length-1", b"\x30\x81" + bytes([size]) + inner, MALFORMED
    yield "P-05-long-length-2", b"\x30\x82\0" + bytes([size]) + inner, MALFORMED
    yield "P-05-long-length-4", b"\x30\x84\0\0\0" + bytes([size]) + inner, MALFORMED
    yield "P-05-huge-length", b"\x30\x84\xff\xff\xff\xff" + inner, MALFORMED
    split = tlv(0x24, octets(b"\x11" * 10), octets(b"\x11" * 10))
    alg = sequence(oid(SHA1), NULL)
    constructed = sequence(alg, split, octets(b"\x22" * 20), integer(SERIAL))
    yield "P-05-constructed-string", request(single(constructed)), MALFORMED
    for name, critical in [("01", b"\1"), ("default", b"\0"), ("empty", b""), ("two", b"\xff\xff")]:
        odd = extension(UNKNOWN, b"", tlv(0x01, critical))
        yield f"P-05-boolean-{name}", with_extensions(odd), MALFORMED
    deep = b""
    for _ in range(2000):
        deep = sequence(deep)
    yield "P-05-deep-nesting", deep, MALFORMED


def certid_vectors():
    for name, serial in [
        ("empty", b""),
        ("padded", b"\0\1"),
        ("padded-zero", b"\0\0"),
        ("padded-negative", b"\xff\x80"),
        ("65-octets", b"\x7b" * 65),
    ]:
        yield f"P-06-serial-{name}", request(single(certid(serial))), MALFORMED
    for name, serial in [
        ("zero", b"\0"),
        ("255", b"\0\xff"),
        ("negative", b"\xff"),
        ("20-octets", b"\x5a" + b"\xd3" * 19),
        ("21-octets", b"\0" + b"\xd3" * 20),
        ("30-octets", b"\x7b" * 30),
        ("64-octets", b"\x7b" * 64),
    ]:
        yield f"P-06-serial-{name}", request(single(certid(serial))), read([serial])
    for algorithm, (number, size) in HASHES.items():
        ask = request(single(certid(algorithm=algorithm)))
        yield f"P-09-hash-{size}-octets", ask, read(hashes=[number])
        short = b"\x11" * (size - 1)
        ask = request(single(certid(algorithm=algorithm, name=short, key=short)))
        yield f"P-09-hash-{size}-short", ask, MALFORMED
        ask = request(single(certid(algorithm=algorithm, key=b"\x22" * 16)))
        yield f"P-09-hash-{size}-uneven", ask, MALFORMED
    yield "P-10-parameters-absent", request(single(certid(parameters=b""))), read()
    for name, odd in [("integer", integer(b"\1")), ("null-1", tlv(5, b"\0")), ("two", NULL + NULL)]:
        yield f"P-10-parameters-{name}", request(single(certid(parameters=odd))), MALFORMED
    serials = [bytes([n]) for n in (9, 1, 5, 9, 2, 8, 3, 7, 4, 6)]
    many = [single(certid(serial)) for serial in serials]
    yield "P-11-ten", request(*many), read(serials, [1] * 10)
    yield "P-11-eleven", request(*many, single()), MALFORMED
    yield "P-11-two-hashes", request(single(), single(certid(algorithm=SHA256))), read(
        [SERIAL] * 2, [1, 2]
    )


def extension_vectors():
    critical = extension(UNKNOWN, b"\xde\xad", TRUE)
    ignored = extension(UNKNOWN, b"\xde\xad")
    nonce = extension(NONCE, octets(b"12345678"))
    yield "P-13-unknown", with_extensions(ignored), read()
    yield "P-13-empty-list", with_extensions(), read()
    yield "P-13-unknown-single", request(single(extensions=[ignored])), read()
    yield "P-13-unknown-critical", with_extensions(critical), MALFORMED
    yield "P-13-unknown-critical-single", request(single(extensions=[critical])), MALFORMED
    yield "P-14-nonce-twice", with_extensions(nonce, nonce), MALFORMED
    yield "P-14-unknown-twice", with_extensions(ignored, nonce, ignored), MALFORMED
    yield "P-14-single-twice", request(single(extensions=[ignored, ignored])), MALFORMED
    yield "P-14-single-each", request(*[single(extensions=[ignored])] * 2), read(
        [SERIAL] * 2, [1, 1]
    )
    for size in (1, 8, 16, 32, 127, 128):
        value = bytes([0xA0 + size % 16]) * size
        yield f"P-16-nonce-{size}", with_nonce(octets(value)), read(nonce=value)
    yield "P-16-nonce-0", with_nonce(octets(b"")), MALFORMED
    yield "P-16-nonce-129", with_nonce(octets(b"\xaa" * 129)), MALFORMED
    yield "P-16-nonce-8192", with_nonce(octets(b"\xaa" * 8192)), MALFORMED
    yield "P-16-nonce-raw", with_nonce(b"\xaa" * 16), read(nonce=b"\xaa" * 16, raw="raw:")
    yield "P-16-nonce-none", with_nonce(b""), MALFORMED
    value = octets(b"\xaa") + b"\0"
    yield "P-16-nonce-trailing", with_nonce(value), read(nonce=value, raw="raw:")
    yield "P-16-nonce-raw-130", with_nonce(b"\xaa" * 130), MALFORMED
    ask = with_extensions(extension(NONCE, octets(b"\xab\xcd"), TRUE))
    yield "P-16-nonce-critical", ask, read(nonce=b"\xab\xcd")
    yield "P-16-nonce-single", request(single(extensions=[nonce])), read()


def preference_vectors():
    ecdsa, rsa = "1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11"

    def preferring(*preferences):
        return with_extensions(extension(PREFERRED, sequence(*preferences)))

    one, two = sequence(sequence(oid(ecdsa))), sequence(sequence(oid(rsa), NULL))
    key = sequence(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"))
    yield "P-17-two", preferring(one, two), read(preferred=2)
    yield "P-17-with-key", preferring(sequence(sequence(oid(ecdsa)), key)), read(preferred=1)
    yield "P-17-flat", preferring(sequence(oid(ecdsa))), read(preferred=1)
    yield "P-17-many", preferring(*[one] * 20), read(preferred=8)
    yield "P-17-none", preferring(), read()
    yield "P-17-garbage", with_extensions(extension(PREFERRED, b"\xff\xff")), read()

    def accepting(*types):
        return with_extensions(extension(ACCEPTABLE, sequence(*map(oid, types))))

    yield "P-18-basic", accepting(BASIC), read()
    yield "P-18-basic-second", accepting(UNKNOWN, BASIC), read()
    yield "P-18-other", accepting(UNKNOWN), MALFORMED
    yield "P-18-empty", accepting(), MALFORMED
    primitive = extension(ACCEPTABLE, tlv(0x10, oid(BASIC)))
    yield "P-18-primitive-sequence", with_extensions(primitive), MALFORMED
    yield "P-18-no-sequence", with_extensions(extension(ACCEPTABLE, oid(BASIC))), MALFORMED
    locator = sequence(common_name("CA"), sequence())
    for name, value in [("locator", locator), ("locator-garbage", b"\xff")]:
        ask = request(single(extensions=[extension(LOCATOR, value)]))
        yield f"P-18-{name}", ask, read()


def signed_vectors():
    who = explicit(1, explicit(4, common_name("Requestor")))
    mail = explicit(1, tlv(0x81, b"a@example.com"))
    cert = certificate()
    yield "P-15-signed", request(requestor=who, signature=signature(cert)), read(signed=1)
    yield "P-15-signed-no-certs", request(requestor=who, signature=signature()), read(signed=1)
    yield "P-15-signed-by-mail", request(requestor=mail, signature=signature()), MALFORMED
    yield "P-15-unsigned-by-mail", request(requestor=mail), read()
    chain = [sequence(integer(b"\1"))]
    ask = request(requestor=who, signature=signature(*chain * 9))
    yield "P-15-long-chain", ask, MALFORMED
    yield "P-15-empty-signature", request(signature=explicit(0, sequence())), MALFORMED
    yield "P-15-wrong-tag", request(signature=b"\xa1" + signature()[1:]), MALFORMED


def published_vectors():
    head = (
        "MEQwQjBAMD4wPDAJBgUrDgMCGgUABBQAAAAAAAAAAAAAAAAAAAAAAAAAAAQUAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAACAw"
    )
    for name, tail in [("V-1-slashes", "P//A=="), ("V-2-plus", "P+/A==")]:
        der = base64.b64decode(head + tail)
        yield name, der, read([der[-3:]])
    serial = bytes.fromhex("4c1f7e02d9a86b35f00d93c2e4718aa65bd3097e")
    yield "V-3-random-serial", request(single(certid(serial))), read([serial])
    ask = request(single(certid(serial, SHA256)))
    yield "V-4-sha256", ask, read([serial], [2])
    value = bytes.fromhex("dd49d4072c449da1c317bd1c1bdffedbe150312ec4cd0add18e5bd6f84bf14c8")
    example = bytes.fromhex("302f06092b060105050730010204220420") + value
    yield "V-5-nonce", with_extensions(example), read(nonce=value)


def ocsp_request():
    yield "plain", request(), read()
    yield from framing_vectors()
    yield from ber_vectors()
    yield from certid_vectors()
    yield from extension_vectors()
    yield from preference_vectors()
    yield from signed_vectors()
    yield from published_vectors()


# ---- certificates ----

UTC_2020 = tlv(0x17, b"200101000000Z")
GENERALIZED_2060 = tlv(0x18, b"20600101000000Z")
SIGNATURE_ALGORITHM = sequence(oid("1.2.840.113549.1.1.11"), NULL)


def certificate(
    serial=SERIAL,
    version=explicit(0, integer(b"\2")),
    validity=(UTC_2020, GENERALIZED_2060),
    names=("CA", "Subject"),
    key=bits(b"\x30\x03\x02\x01\x03"),
    extensions=b"",
):
    issuer, subject = (name if isinstance(name, bytes) else common_name(name) for name in names)
    body = sequence(
        version,
        integer(serial),
        SIGNATURE_ALGORITHM,
        issuer,
        sequence(*validity),
        subject,
        sequence(SIGNATURE_ALGORITHM, key),
        extensions,
    )
    return sequence(body, SIGNATURE_ALGORITHM, bits(b"\x5a" * 64))


def slices(serial=SERIAL, after=2840140800, key=b"\x30\x03\x02\x01\x03", akid=b"", skid=b""):
    return (
        f"ok serial={serial.hex().upper()} not_before=1577836800 not_after={after}"
        f" key={key.hex().upper()} akid={akid.hex().upper() or '-'}"
        f" skid={skid.hex().upper() or '-'}"
    )


def certificate_vectors():
    whole = certificate()
    skid = extension("2.5.29.14", octets(b"\xab" * 20))
    akid = extension("2.5.29.35", sequence(tlv(0x80, b"\xcd" * 20)))
    akid_names = extension("2.5.29.35", sequence(explicit(1, explicit(4, common_name("CA")))))

    def v3(*extensions):
        return certificate(extensions=explicit(3, sequence(*extensions)))

    yield "plain", whole, slices()
    yield "japanese-name", certificate(names=("認証局", "署名者")), slices()
    printable = common_name("CA", 0x13)
    yield "printable-name", certificate(names=(printable, printable)), slices()
    pair = sequence(set_of(common_name("A")[4:], common_name("B")[4:]))
    yield "multi-valued-name", certificate(names=(pair, pair)), slices()
    yield "v1", certificate(version=b""), slices()
    yield "v1-explicit", certificate(version=explicit(0, integer(b"\0"))), slices()
    yield "v4", certificate(version=explicit(0, integer(b"\3"))), MALFORMED
    yield "key-ids", v3(skid, akid), slices(akid=b"\xcd" * 20, skid=b"\xab" * 20)
    yield "authority-by-name", v3(akid_names), slices()
    yield "default-written-out", v3(extension(UNKNOWN, b"", tlv(1, b"\0"))), slices()
    for serial in (b"\xff\x7f", b"\0\1", b"\x7b" * 30):
        yield f"serial-{serial.hex()[:8]}", certificate(serial), slices(serial)
    yield "serial-empty", certificate(b""), MALFORMED
    forever = (UTC_2020, tlv(0x18, b"99991231235959Z"))
    yield "no-end", certificate(validity=forever), slices(after=253402300799)
    yield "no-seconds", certificate(validity=(tlv(0x17, b"2001010000Z"), GENERALIZED_2060)), MALFORMED
    yield "trailing-byte", whole + b"\0", MALFORMED
    yield "truncated", whole[:-1], MALFORMED
    yield "empty", b"", MALFORMED
    yield "no-key-bits", certificate(key=tlv(3)), MALFORMED
    yield "unused-bits", certificate(key=tlv(3, b"\4\xf0")), slices(key=b"\xf0")


# ---- files ----

KINDS = {"ocsp_request": ocsp_request, "certificate": certificate_vectors}


def write_files(kind, folder):
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, der, expected in KINDS[kind]():
        (folder / f"{name}.der").write_bytes(der)
        lines.append(f"{name}.der {expected}\n")
    assert len(lines) == len(set(line.split()[0] for line in lines)), "a name is used twice"
    return lines


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "--seeds" and arguments[1] in KINDS:
        write_files(arguments[1], pathlib.Path(arguments[2]))
    elif len(arguments) == 1 and not arguments[0].startswith("-"):
        for kind in KINDS:
            out = pathlib.Path(arguments[0])
            manifest = "".join(write_files(kind, out / kind))
            (out / f"{kind}.manifest").write_text(manifest)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
