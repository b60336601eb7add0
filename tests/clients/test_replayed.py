"""Clients that cannot run here: their requests, replayed byte for byte as they are documented and
seen on the wire (only host, certificate and nonce are ours), and what each of them checks.

Windows CryptoAPI, Apple trustd, Firefox, Adobe Acrobat, XiPKI's client, and HAProxy's own updater (from
2.8 on).
doc/protocol.md, H; P-4, P-10, P-16, P-20, P-24 to P-27, P-31, P-35, P-40, P-41, P-43, P-44, P-48 to
P-50."""
import base64
import datetime
import email.utils
import hashlib
import http.client
import socket
import urllib.parse

import pytest
from asn1crypto import ocsp, pem, x509

from harness import run
from site_under_test import ANSWERS, TRY_LATER

STATES = ("good", "revoked", "unknown", "late")
TEN_DAYS = datetime.timedelta(days=10)
NOCHECK = bytes.fromhex("06092b0601050507300105" + "04020500")
NONCE_ID = bytes.fromhex("06092b0601050507300102")


# ---- requests: DER ----

def der(tag, *parts):
    """One TLV, definite and minimal; short enough for a length of one octet, or of two."""
    body = b"".join(parts)
    length = bytes([len(body)]) if len(body) < 128 else bytes([0x81, len(body)])
    return bytes([tag]) + length + body


def certid(site, state):
    """The SHA-1 CertID that OpenSSL makes: AlgorithmIdentifier with NULL parameters."""
    request = ocsp.OCSPRequest.load(site.request(state))
    return request["tbs_request"]["request_list"][0]["req_cert"].dump()


def without_null(encoded):
    """The same CertID with absent parameters, as Apple's is."""
    parsed = ocsp.CertId.load(encoded)
    return der(0x30, der(0x30, bytes.fromhex("06052b0e03021a")),
               *(parsed[name].dump() for name in ("issuer_name_hash", "issuer_key_hash",
                                                  "serial_number")))


def request(encoded, version=b"", extensions=b""):
    return der(0x30, der(0x30, version, der(0x30, der(0x30, encoded)), extensions))


def raw_nonce_extension(value):
    """RFC 2560 did not say what extnValue holds."""
    return der(0xA2, der(0x30, der(0x30, NONCE_ID, der(0x04, value))))


def nonce_extension(nonce):
    return raw_nonce_extension(der(0x04, nonce))


def base64_of(request_der):
    return base64.b64encode(request_der).decode()


# ---- requests: HTTP. Each function gives the octets that the client sends and its CertID. ----

def host(site, state):
    return site.url(state).removeprefix("http://").rstrip("/")


def lines(*words, body=b""):
    return "".join(f"{word}\r\n" for word in (*words, "")).encode() + body


def windows(site, state, *conditions):
    """GET; everything but letters and digits escaped with capitals; validators when it has them."""
    encoded = certid(site, state)
    path = urllib.parse.quote(base64_of(request(encoded)), safe="")
    return lines(f"GET /{path} HTTP/1.1", "Connection: Keep-Alive", "Accept: */*", *conditions,
                 "User-Agent: Microsoft-CryptoAPI/10.0", f"Host: {host(site, state)}"), encoded


APPLE_2 = ("Accept: */*", "Accept-Language: en-gb", "Connection: keep-alive",
           "Accept-Encoding: gzip, deflate", "User-Agent: com.apple.trustd/2.0")
APPLE_3 = ("X-Apple-Request-UUID: 6A43ABF1-BC5B-4E4F-887C-35E405EF1D28", "Accept: */*",
           "User-Agent: com.apple.trustd/3.0", "Accept-Language: en-GB,en;q=0.9",
           "Accept-Encoding: gzip, deflate", "Connection: keep-alive")
EXPLICIT_V1 = bytes.fromhex("a003020100")


def apple_2(site, state):
    """GET; the version is there though it is the default."""
    encoded = certid(site, state)
    path = urllib.parse.quote(base64_of(request(encoded, EXPLICIT_V1)), safe="")
    return lines(f"GET /{path} HTTP/1.1", f"Host: {host(site, state)}", *APPLE_2), encoded


def apple_get(site, state):
    """GET with a slash of its own behind the URL's; the hash's parameters are absent."""
    encoded = without_null(certid(site, state))
    path = urllib.parse.quote(base64_of(request(encoded)), safe="")
    return lines(f"GET //{path} HTTP/1.1", f"Host: {host(site, state)}", *APPLE_3), encoded


def apple_post(site, state):
    """POST where the URL would be too long, and without Content-Type."""
    encoded = without_null(certid(site, state))
    body = request(encoded)
    return lines("POST / HTTP/1.1", f"Host: {host(site, state)}", *APPLE_3,
                 f"Content-Length: {len(body)}", body=body), encoded


def firefox(site, state):
    """POST always, past every cache; SHA-1; no nonce."""
    encoded = certid(site, state)
    body = request(encoded)
    return lines("POST / HTTP/1.1", f"Host: {host(site, state)}",
                 "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 "
                 "Firefox/128.0",
                 "Accept: */*", "Accept-Language: en-US,en;q=0.5",
                 "Accept-Encoding: gzip, deflate", "Content-Type: application/ocsp-request",
                 f"Content-Length: {len(body)}", "Connection: keep-alive", "Pragma: no-cache",
                 "Cache-Control: no-cache", body=body), encoded


ACROBAT_NONCE = bytes(range(0x40, 0x54))


def acrobat(site, state):
    """POST with a nonce."""
    encoded = certid(site, state)
    body = request(encoded, extensions=nonce_extension(ACROBAT_NONCE))
    return lines("POST / HTTP/1.1", "Accept: */*", "Content-Type: application/ocsp-request",
                 f"Content-Length: {len(body)}", "Character-Encoding: binary",
                 "User-Agent: PPKHandler", f"Host: {host(site, state)}", "Connection: Keep-Alive",
                 "Cache-Control: no-cache", body=body), encoded


def sha256_certid(site, state):
    """The same question with SHA-256 hashes."""
    with open(site.ca.certificate, "rb") as file:
        ca = x509.Certificate.load(pem.unarmor(file.read())[2])
    number = ocsp.CertId.load(certid(site, state))["serial_number"].dump()
    hashes = (hashlib.sha256(octets).digest()
              for octets in (ca.subject.dump(), bytes(ca.public_key["public_key"])))
    return der(0x30, der(0x30, bytes.fromhex("0609608648016503040201" + "0500")),
               *(der(0x04, octets) for octets in hashes), number)


# Also one that begins like an OCTET STRING, and is none.
XIPKI_NONCE = bytes.fromhex("0481a7b3c4d5e6f7")


def xipki(site, state):
    """POST by Java's HttpURLConnection; SHA-256; eight octets of nonce straight in extnValue."""
    encoded = sha256_certid(site, state)
    body = request(encoded, extensions=raw_nonce_extension(XIPKI_NONCE))
    return lines("POST / HTTP/1.1", "Content-Type: application/ocsp-request",
                 "User-Agent: Java/17.0.15", f"Host: {host(site, state)}",
                 "Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
                 "Connection: keep-alive", f"Content-Length: {len(body)}", body=body), encoded


def haproxy(site, state):
    """GET below 255 octets; always a slash of its own; names of fields in lower case."""
    encoded = certid(site, state)
    path = urllib.parse.quote(base64_of(request(encoded)), safe="")
    return lines(f"GET //{path} HTTP/1.1", f"host: {host(site, state)}", "user-agent: HAProxy",
                 "accept: */*"), encoded


CLIENTS = {
    "Windows CryptoAPI": ("Microsoft-CryptoAPI/10.0", "GET, conditional GET", windows),
    "Apple trustd 2": ("com.apple.trustd/2.0", "GET, explicit v1", apple_2),
    "Apple trustd, GET": ("com.apple.trustd/3.0", "GET with a doubled slash, hash parameters "
                          "absent", apple_get),
    "Apple trustd, POST": ("com.apple.trustd/3.0", "POST without Content-Type", apple_post),
    "Firefox": ("128", "POST, no-cache", firefox),
    "Adobe Acrobat": ("PPKHandler", "POST, nonce", acrobat),
    "XiPKI client": ("6.5", "POST, SHA-256, raw 8-octet nonce", xipki),
    "HAProxy, ocsp-update": ("2.8", "GET with a doubled slash", haproxy),
}


# ---- answers ----

class Wire:
    """One connection. send() returns (status, fields, body) of one HTTP answer."""

    def __init__(self, site, state):
        port = int(host(site, state).split(":")[1])
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)

    def send(self, octets):
        self.socket.sendall(octets)
        reply = http.client.HTTPResponse(self.socket)
        reply.begin()
        fields = {}
        for name, value in reply.getheaders():
            assert name.lower() not in fields, f"{name} twice"
            fields[name.lower()] = value
        return reply.status, fields, reply.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def ask(site, state, client):
    octets, encoded = client(site, state)
    with Wire(site, state) as wire:
        status, fields, body = wire.send(octets)
    assert status == 200
    assert fields["content-type"] == "application/ocsp-response", "P-44"
    assert int(fields["content-length"]) == len(body)
    for name in ("transfer-encoding", "content-encoding", "vary", "set-cookie", "location"):
        assert name not in fields, "P-44"
    return fields, body, encoded


def assert_strict_der(octets):
    """P-24: definite, minimal lengths all the way down; nothing constructed is empty."""
    while octets:
        constructed, width = octets[0] & 0x20, octets[1] & 0x7F if octets[1] & 0x80 else 0
        assert octets[1] != 0x80, "indefinite length"
        length = int.from_bytes(octets[2:2 + width], "big") if width else octets[1]
        assert not width or length >= max(0x80, 1 << 8 * (width - 1)), "a length in the long way"
        body, octets = octets[2 + width:2 + width + length], octets[2 + width + length:]
        assert len(body) == length, "truncated"
        if constructed:
            assert body, "empty"
            assert_strict_der(body)


def read_strictly(body, encoded):
    """The basic response of a DER answer with exactly one SingleResponse, for this CertID."""
    assert_strict_der(body)
    response = ocsp.OCSPResponse.load(body, strict=True)
    assert response["response_status"].native == "successful"
    basic = response.basic_ocsp_response
    assert_strict_der(basic.dump())
    data = basic["tbs_response_data"]
    assert len(data["responses"]) == 1
    assert data["responses"][0]["cert_id"].dump() == encoded, "P-10: byte for byte"
    return basic


def status_of(basic):
    return basic["tbs_response_data"]["responses"][0]["cert_status"].name


def single_extensions(basic):
    extensions = basic["tbs_response_data"]["responses"][0]["single_extensions"]
    return list(extensions) if extensions.native else []


def times_of(basic):
    data = basic["tbs_response_data"]
    single = data["responses"][0]
    return (single["this_update"].native, data["produced_at"].native,
            single["next_update"].native)


def verify(site, state, body, encoded):
    """By OpenSSL: the signature, its delegate, the times, the CertID."""
    digest = "-" + ocsp.CertId.load(encoded)["hash_algorithm"]["algorithm"].native
    path = site.ca.path(f"{state}.replayed")
    with open(path, "wb") as file:
        file.write(body)
    result = run("openssl", "ocsp", "-respin", path, "-issuer", site.ca.certificate, digest,
                 "-cert", site.path(state), "-CAfile", site.ca.certificate, "-no_nonce")
    assert "Response verify OK" in result.stderr
    assert f"{site.path(state)}: {ANSWERS[state]}" in result.stdout


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(pem.unarmor(file.read())[2]).digest()


def now():
    return datetime.datetime.now(datetime.timezone.utc)


@pytest.mark.parametrize("octets", ["3000", "3080020100", "3080", "308103020100", "30820003020100",
                                    "3003020100a000", "30040201"])
def test_the_strict_reader_refuses_what_is_not_strict(octets):
    with pytest.raises((AssertionError, IndexError)):
        assert_strict_der(bytes.fromhex(octets))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", CLIENTS)
def test_a_replayed_client_gets_every_answer(site, record, name, state):
    version, how, client = CLIENTS[name]
    fields, body, encoded = ask(site, state, client)
    if state == "late":
        assert body == TRY_LATER, "P-20: exactly five octets"
        assert "no-store" in fields["cache-control"]
    else:
        basic = read_strictly(body, encoded)
        assert status_of(basic) == ANSWERS[state]
        verify(site, state, body, encoded)
        this_update, produced_at, next_update = times_of(basic)
        assert this_update <= produced_at <= now() + datetime.timedelta(seconds=1)
        assert now() < next_update and next_update - this_update < TEN_DAYS
    record(name, f"{version} (replayed)", how, ANSWERS[state], ANSWERS[state])


@pytest.mark.parametrize("state", ["good", "revoked"])
def test_windows_revalidates_on_one_connection(site, state):
    """P-48, P-49: a strong ETag and Last-Modified; both come back and give 304 without a body."""
    with Wire(site, state) as wire:
        status, fields, body = wire.send(windows(site, state)[0])
        assert status == 200
        etag, modified = fields["etag"], fields["last-modified"]
        assert etag.startswith('"') and etag.endswith('"') and len(etag) > 2, "strong"
        basic = read_strictly(body, certid(site, state))
        assert email.utils.parsedate_to_datetime(modified) == times_of(basic)[1]
        status, again, nothing = wire.send(windows(
            site, state, f"If-Modified-Since: {modified}", f"If-None-Match: {etag}")[0])
        assert (status, nothing) == (304, b"")
        assert (again["etag"], again["last-modified"]) == (etag, modified)
        status, again, body_again = wire.send(windows(
            site, state, f"If-Modified-Since: {modified}", 'If-None-Match: "0"')[0])
        assert (status, body_again) == (200, body), "If-None-Match wins"


@pytest.mark.parametrize("client", [windows, apple_get, apple_post, firefox, haproxy])
@pytest.mark.parametrize("state", ["good", "revoked"])
def test_max_age_and_expires_end_before_next_update(site, state, client):
    """P-48: Windows and Apple keep an answer for max-age; Apple ignores more than 604,800 s."""
    fields, body, encoded = ask(site, state, client)
    directives = dict(word.strip().partition("=")[::2]
                      for word in fields["cache-control"].split(","))
    assert {"public", "no-transform", "must-revalidate"} <= set(directives)
    age = datetime.timedelta(seconds=int(directives["max-age"]))
    date = email.utils.parsedate_to_datetime(fields["date"])
    next_update = times_of(read_strictly(body, encoded))[2]
    assert datetime.timedelta(0) < age <= datetime.timedelta(seconds=604800)
    assert date + age <= next_update
    assert email.utils.parsedate_to_datetime(fields["expires"]) == date + age


@pytest.mark.parametrize("client", [apple_get, firefox, acrobat])
def test_unknown_is_not_kept_by_shared_caches(site, client):
    """P-50"""
    assert "no-store" in ask(site, "unknown", client)[0]["cache-control"]


@pytest.mark.parametrize("client", [windows, apple_post, firefox, haproxy])
@pytest.mark.parametrize("state", ["good", "revoked", "unknown"])
def test_firefox_finds_no_empty_and_no_needless_field(site, state, client):
    """P-24, P-26, P-31: no version, no responseExtensions, at most eight certificates."""
    _, body, encoded = ask(site, state, client)
    basic = read_strictly(body, encoded)
    data = basic["tbs_response_data"]
    assert bytes.fromhex("a003020100") not in data.dump()[:16]
    assert data["response_extensions"].native is None
    assert not [one for one in single_extensions(basic) if one["critical"].native]
    assert 1 <= len(basic["certs"]) <= 8


def test_no_cache_does_not_cost_a_signature(site):
    """P-49: Firefox asks past every cache, and gets the answer that everybody gets."""
    assert ask(site, "good", firefox)[1] == ask(site, "good", windows)[1]


def test_apple_gets_the_same_bytes_by_get_and_post(site):
    """P-41"""
    assert ask(site, "good", apple_get)[1] == ask(site, "good", apple_post)[1]


def test_an_explicit_default_version_is_the_same_question(site):
    """P-4"""
    assert ask(site, "good", apple_2)[1] == ask(site, "good", windows)[1]


@pytest.mark.parametrize("state", ["good", "revoked", "unknown"])
def test_acrobat_gets_its_nonce_and_a_signer_that_needs_no_check(site, state):
    """P-16, P-26, P-35, P-50; certHash may be absent, never wrong (P-30)."""
    fields, body, encoded = ask(site, state, acrobat)
    assert "no-store" in fields["cache-control"]
    basic = read_strictly(body, encoded)
    extensions = basic["tbs_response_data"]["response_extensions"]
    assert [(one["extn_id"].native, one["critical"].native) for one in extensions] == [
        ("nonce", False)]
    assert extensions[0]["extn_value"].contents == der(0x04, ACROBAT_NONCE)
    signer = basic["certs"][0]
    assert NOCHECK in signer.dump()
    assert "ocsp_signing" in signer.extended_key_usage_value.native
    for one in single_extensions(basic):
        if one["extn_id"].dotted == "1.3.36.8.3.13":
            assert sha256_of(site.path(state)) in one.dump()


@pytest.mark.parametrize("state", ["good", "revoked", "unknown"])
def test_xipki_gets_its_nonce_as_it_sent_it(site, state):
    """P-16: it compares what stands in extnValue."""
    fields, body, encoded = ask(site, state, xipki)
    assert "no-store" in fields["cache-control"]
    assert status_of(read_strictly(body, encoded)) == ANSWERS[state]
    extensions = der(0xA1, der(0x30, der(0x30, NONCE_ID, der(0x04, XIPKI_NONCE))))
    assert extensions in body, "that alone, byte for byte"


def test_haproxy_finds_at_least_five_minutes_left(site):
    _, body, encoded = ask(site, "good", haproxy)
    left = times_of(read_strictly(body, encoded))[2] - now()
    assert left > datetime.timedelta(seconds=300)


# Paths as they were captured from the wire, about certificates of public CAs.
CAPTURED = {
    "windows": "MFEwTzBNMEswSTAJBgUrDgMCGgUABBTBL0V27RVZ7LBduom%2FnYB45SPUEwQU5Z1ZMIJHWMys%2BghU"
               "NoZ7OrUETfACEA8Ull8gIGmZT9XHrHiJQeI%3D",
    "apple_2": "ME4wTKADAgEAMEUwQzBBMAkGBSsOAwIaBQAEFDOB0e%2FbaLCFIU0u76%2BMSmlkPCpsBBRXF%2B2iz9x"
               "8mKEQ4Py%2Bhy0s8uMXVAIITaFtmUYgLaY%3D",
    "apple_3": "ME8wTTBLMEkwRzAHBgUrDgMCGgQU36oS4yixCUGT4p9Cgs5HQEKVWKMEFLE%2Bw2kD%2BL9HAdSYJhoI"
               "Au9jZCvDAhAHF3kRAF0iZ%2FaIkvaPi1BY",
}


@pytest.mark.parametrize("name", CAPTURED)
def test_the_replayed_paths_are_made_as_the_captured_ones(name):
    """The same CertID put through this file's encoders gives the captured path, octet by octet."""
    asked = ocsp.OCSPRequest.load(base64.b64decode(urllib.parse.unquote(CAPTURED[name])))
    encoded = asked["tbs_request"]["request_list"][0]["req_cert"].dump()
    if name == "apple_3":
        assert without_null(encoded) == encoded
    version = EXPLICIT_V1 if name == "apple_2" else b""
    assert urllib.parse.quote(base64_of(request(encoded, version)), safe="") == CAPTURED[name]


@pytest.mark.parametrize("name", CAPTURED)
def test_captured_requests_about_other_cas_are_unauthorized(site, name):
    """P-20, P-21, P-22"""
    with Wire(site, "good") as wire:
        status, fields, body = wire.send(lines(
            f"GET /{CAPTURED[name]} HTTP/1.1", f"Host: {host(site, 'good')}"))
    assert (status, body) == (200, bytes.fromhex("30030a0106"))
    assert "no-store" in fields["cache-control"]
