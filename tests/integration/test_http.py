"""HTTP as doc/protocol.md's section E has it, line by line against a running responder; framing (P-46)
and what odd clients send is in test_wire.py."""
import base64
import email.utils
import hashlib
import os
import re
import socket
import struct
import subprocess
import time
import urllib.parse

import pytest

import harness
from harness import run, stillgood

MALFORMED = bytes.fromhex("30030a0101")
TRY_LATER = bytes.fromhex("30030a0103")


class Site:
    """A database and a CA; responders with options of their own."""

    def __init__(self, folder, pg):
        self.folder, self.pg, self.count = folder, pg, 0
        self.ca = harness.DemoCA(os.path.join(folder, "ca"), key="P-256")
        stillgood("db", "init", "--database", pg.conninfo)
        stillgood("issuer", "add", self.ca.certificate, "--name", "Demo", "--database", pg.conninfo)
        stillgood("import", "certs", self.ca.issue("good"), "--database", pg.conninfo)
        self.der = self.request("-no_nonce", "-cert", self.ca.path("good.pem"))
        self.path = base64.b64encode(self.der).decode()

    def request(self, *words):
        path = os.path.join(self.folder, "request.der")
        run("openssl", "ocsp", "-issuer", self.ca.certificate, *words, "-reqout", path)
        with open(path, "rb") as file:
            return file.read()

    def responder(self, defaults=None, database=None, **server):
        self.count += 1
        return harness.Responder(os.path.join(self.folder, str(self.count)), self.pg,
                                 {"Demo": self.ca}, server=server, database=database,
                                 defaults=defaults)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with harness.Postgres() as pg:
        yield Site(str(tmp_path_factory.mktemp("http")), pg)


@pytest.fixture(scope="module")
def plain(site):
    with site.responder(head_timeout="2s", body_timeout="2s", idle_timeout="3s") as responder:
        yield responder


def connect(responder, source="127.0.0.1", seconds=harness.DEADLINE):
    return socket.create_connection(("127.0.0.1", responder.port), seconds, (source, 0))


class Reply:
    def __init__(self, file, method="GET"):
        line = file.readline()
        assert line, "closed without a reply"
        self.status = int(line.split()[1])
        self.fields = {}
        while (text := file.readline().rstrip(b"\r\n")):
            name, _, value = text.partition(b":")
            assert name.lower() not in self.fields, "a field twice"
            self.fields[name.decode().lower()] = value.strip().decode()
        length = int(self.fields.get("content-length", 0))
        self.body = b"" if method == "HEAD" or self.status == 304 else file.read(length)

    def date(self, name):
        return email.utils.parsedate_to_datetime(self.fields[name]).timestamp()

    def max_age(self):
        return int(re.match(r"max-age=(\d+) *, public, no-transform, must-revalidate$",
                            self.fields["cache-control"]).group(1))


def ask(responder, method, target, fields="", body=b"", version="1.1", before=b"", source="127.0.0.1"):
    """One request on a connection of its own, and whether the server closed it afterwards."""
    length = f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
    head = f"{method} {target} HTTP/{version}\r\nHost: x\r\n{fields}{length}\r\n"
    with connect(responder, source) as s, s.makefile("rb") as file:
        s.sendall(before + head.encode() + body)
        return Reply(file, method)


def get(responder, site, fields="", **options):
    return ask(responder, "GET", "/" + urllib.parse.quote(site.path, safe=""), fields, **options)


# ---- P-40 … P-45: methods, paths, bodies, connections ----


def test_get_post_and_head_answer_on_any_path(site, plain):
    """P-40: GET below any prefix, POST to any path, HEAD as GET without a body."""
    expected = get(plain, site)
    assert expected.status == 200 and len(expected.body) > 100
    assert ask(plain, "GET", "/a/b/" + site.path).body == expected.body
    assert ask(plain, "POST", "/any/path?x=y", body=site.der).body == expected.body
    head = ask(plain, "HEAD", "/" + site.path)
    for name in ("content-type", "content-length", "etag", "last-modified"):
        assert head.fields[name] == expected.fields[name]
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get"):
        refused = ask(plain, method, "/")
        assert refused.status == 405 and refused.fields["allow"] == "GET, HEAD, POST"
    page = ask(plain, "GET", "/")
    assert page.status == 200 and page.fields["content-type"].startswith("text/plain")
    assert ask(plain, "HEAD", "/").fields["content-length"] == str(len(page.body))


def test_every_form_of_a_get_gives_the_same_bytes(site, plain):
    """P-41"""
    expected = get(plain, site).body
    url = site.path.replace("+", "-").replace("/", "_")
    lower = urllib.parse.quote(site.path, safe="").replace("%2B", "%2b").replace("%2F", "%2f")
    forms = [
        "/" + site.path, "/" + lower, "//" + site.path, "///" + lower, "/" + site.path.rstrip("="),
        "/" + url, "/" + url.rstrip("="), "/" + site.path + "/", "/" + site.path + "?a=/b&c=%2F",
        "/../.%2e/" + site.path, "http://x/" + site.path, "HTTP://x:80//" + lower,
        "/%" + f"{ord(site.path[0]):02x}" + site.path[1:],
    ]
    for form in forms:
        reply = ask(plain, "GET", form)
        assert (reply.status, reply.body) == (200, expected), form


@pytest.mark.parametrize("path", ["/%4", "/%zz", "/M%25", "/%252B", "/MEQ*", "/ME Q".replace(" ", "%20"),
                                  "/a"])
def test_a_bad_escape_or_base64_is_malformed_request(plain, path):
    """P-42, P-20"""
    reply = ask(plain, "GET", path)
    assert (reply.status, reply.body) == (200, MALFORMED)
    assert reply.fields["cache-control"] == "no-store"


def test_a_strict_responder_wants_the_content_type(site, plain):
    """P-43"""
    with site.responder(strict_content_type="yes") as strict:
        for fields, status in (("", 415), ("Content-Type: text/plain\r\n", 415),
                               ("Content-Type: Application/OCSP-Request; a=b\r\n", 200)):
            assert ask(strict, "POST", "/", fields, site.der).status == status
            assert ask(plain, "POST", "/", fields, site.der).status == 200
        assert get(strict, site).status == 200


@pytest.mark.parametrize("fields", ["", "Accept-Encoding: gzip, br\r\n", "Cookie: a=b\r\n",
                                    "Range: bytes=0-9\r\n", "TE: trailers\r\nUpgrade: h2c\r\n"])
def test_answers_have_exactly_the_fields_that_they_need(site, plain, fields):
    """P-44: one Content-Type, a Content-Length, nothing that varies."""
    wanted = {"content-type", "content-length", "date", "last-modified", "expires", "cache-control",
              "etag"}
    for reply in (get(plain, site, fields), ask(plain, "POST", "/", fields, site.der)):
        assert reply.status == 200 and set(reply.fields) == wanted
        assert reply.fields["content-type"] == "application/ocsp-response"
    error = ask(plain, "POST", "/", fields, b"x")
    assert set(error.fields) == {"content-type", "content-length", "date", "cache-control"}
    assert error.fields["content-type"] == "application/ocsp-response"


@pytest.mark.parametrize("connection", ["", "Connection: keep-alive\r\n"])
def test_http_1_0_is_closed_behind_the_answer(site, plain, connection):
    """P-45: within 100 ms, as soon as the machine does not pause meanwhile."""
    def at_once():
        with connect(plain) as s, s.makefile("rb") as file:
            s.sendall(f"GET /{site.path} HTTP/1.0\r\n{connection}\r\n".encode())
            assert Reply(file).status == 200
            started = time.monotonic()
            assert file.read() == b""
            return time.monotonic() - started < 0.1
    harness.wait_for("the end of a connection within 100 ms", at_once)


def test_connections_live_and_end_as_clients_ask(site, plain):
    """P-45: keep-alive, order, Connection: close, Expect, Host."""
    request = f"GET /{site.path} HTTP/1.1\r\nHost: x\r\n".encode()
    with connect(plain) as s, s.makefile("rb") as file:
        s.sendall(request + b"\r\n" + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert len(Reply(file).body) > 100 and Reply(file).body == b"ok\n"
        s.sendall(request + b"Connection: close\r\n\r\n" + request + b"\r\n")
        last = Reply(file)
        assert last.fields["connection"] == "close" and file.read() == b""
    with connect(plain) as s, s.makefile("rb") as file:
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert Reply(file).status == 400 and file.read() == b""
    with connect(plain) as s, s.makefile("rb") as file:
        s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
                  % len(site.der))
        assert file.readline().startswith(b"HTTP/1.1 100") and file.readline() == b"\r\n"
        s.sendall(site.der)
        assert Reply(file).status == 200
    assert ask(plain, "POST", "/", "Expect: something\r\n", site.der).status == 417


def test_large_heads_paths_and_bodies_have_their_own_refusals(plain):
    """P-19, P-46"""
    assert ask(plain, "GET", "/", "X: " + "x" * 17000 + "\r\n").status == 431
    assert ask(plain, "GET", "/", "X: y\r\n" * 70).status == 431
    assert ask(plain, "GET", "/" + "M" * 8200).status == 414
    assert ask(plain, "POST", "/", body=bytes(10001)).status == 413


# ---- P-47: deadlines and caps ----


@pytest.mark.parametrize("begin", [b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n",
                                   b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n99\r\n"])
def test_deadlines_are_absolute(plain, begin):
    """P-47: a byte now and then extends nothing."""
    with connect(plain) as s, s.makefile("rb") as file:
        started = time.monotonic()
        s.sendall(begin)
        s.settimeout(0.2)
        while time.monotonic() - started < harness.DEADLINE:
            try:
                if s.recv(1, socket.MSG_PEEK):
                    break
            except socket.timeout:
                s.sendall(b"1")
        s.settimeout(harness.DEADLINE)
        assert Reply(file).status == 408


def test_a_silent_connection_ends(plain):
    """P-47"""
    with connect(plain) as s:
        started = time.monotonic()
        assert s.recv(1) == b"" and time.monotonic() - started > 1


def test_connections_are_capped_for_each_address(site):
    """P-47"""
    with site.responder(connections_per_address=3) as responder:
        mine = [connect(responder, "127.0.0.2") for _ in range(3)]
        with connect(responder, "127.0.0.2") as fourth:
            assert fourth.recv(1) == b""
        assert get(responder, site, source="127.0.0.3").status == 200
        mine.pop().close()
        harness.wait_for("its place", lambda: _is_served(responder, site, "127.0.0.2"))
        for s in mine:
            s.close()
        assert "address=127.0.0.2" in responder.log()


def _is_served(responder, site, source):
    try:
        return get(responder, site, source=source).status == 200
    except (AssertionError, OSError):
        return False


def test_connections_are_capped_in_all(site):
    """P-47: above the cap the idlest makes room."""
    with site.responder(connections=4) as responder:
        idle = [connect(responder) for _ in range(8)]
        assert get(responder, site).status == 200
        closed = 0
        for s in idle:
            s.settimeout(0.1)
            try:
                closed += s.recv(1) == b""
            except socket.timeout:
                pass
            s.close()
        assert closed >= 5


# ---- P-48 … P-50: caching ----


def test_a_cacheable_answer_says_for_how_long(site, plain):
    """P-48: max-age is capped by configuration (default 300 s)."""
    for question in (lambda: get(plain, site), lambda: ask(plain, "POST", "/", body=site.der)):
        before = time.time()
        reply = question()
        assert reply.max_age() == 300
        assert reply.date("expires") - reply.date("date") == 300
        assert before - 1 <= reply.date("date") <= time.time() + 1
        assert reply.fields["etag"] == '"' + hashlib.sha256(reply.body).hexdigest().upper() + '"'
        produced = re.search(rb"\x18\x0f(\d{14})Z", reply.body).group(1).decode()
        modified = time.strptime(reply.fields["last-modified"], "%a, %d %b %Y %H:%M:%S GMT")
        assert time.strftime("%Y%m%d%H%M%S", modified) == produced


def test_max_age_never_reaches_beyond_next_update(site):
    """P-48"""
    with site.responder({"validity": "20s"}, {"freshness": "5s"}, max_age="20s") as responder:
        # refreshed at half of its life, so look at the first answer while it lasts
        first = get(responder, site)
        while True:
            reply = get(responder, site)
            times = re.findall(rb"\x18\x0f(\d{14})Z", reply.body)
            next_update = time.strptime(times[-1].decode(), "%Y%m%d%H%M%S")
            assert reply.date("expires") <= email.utils.parsedate_to_datetime(
                time.strftime("%a, %d %b %Y %H:%M:%S GMT", next_update)).timestamp()
            if reply.max_age() < first.max_age() - 1:
                break
            time.sleep(0.3)
    with site.responder(max_age="0s") as responder:
        assert get(responder, site).max_age() == 0


def test_a_client_that_has_the_answer_gets_304_with_the_same_validators(site, plain):
    """P-49"""
    whole = get(plain, site)
    tag, date = whole.fields["etag"], whole.fields["last-modified"]
    before, later = (email.utils.formatdate(whole.date("last-modified") + far, usegmt=True)
                     for far in (-60, 60))
    moment = time.gmtime(whole.date("last-modified"))
    rfc850 = time.strftime("%A, %d-%b-%y %H:%M:%S GMT", moment)
    for fields, status in (
            (f"If-Modified-Since: {rfc850}\r\n", 304),
            (f"If-Modified-Since: {time.asctime(moment)}\r\n", 304),
            (f"If-Modified-Since: {later}\r\n", 200),
            (f"If-Modified-Since: {date}\r\nIf-Modified-Since: {date}\r\n", 200),
            (f"If-None-Match: \"x\"\r\nIf-None-Match: \"y\", {tag}\r\n", 304),
            (f"If-None-Match: {tag}\r\nIf-None-Match: \"x\"\r\n", 304),
            ("If-None-Match: \"x\"\r\nIf-None-Match: \"y\"\r\n", 200),
            (f"If-None-Match: {tag}\r\n", 304), (f"If-None-Match: \"x\", W/{tag}\r\n", 304),
            ("If-None-Match: *\r\n", 304), (f"If-Modified-Since: {date}\r\n", 304),
            (f"If-Modified-Since: {before}\r\n", 200), ('If-None-Match: "x"\r\n', 200),
            (f"If-None-Match: \"x\"\r\nIf-Modified-Since: {date}\r\n", 200),
            (f"If-None-Match: {tag}\r\nIf-Modified-Since: {before}\r\n", 304)):
        reply = get(plain, site, fields)
        assert reply.status == status, fields
        assert reply.fields["etag"] == tag and reply.fields["last-modified"] == date
        assert reply.max_age() == 300
        assert ask(plain, "HEAD", "/" + site.path, fields).status == status
        assert ask(plain, "POST", "/", fields, site.der).status == 200, "a POST is what was asked"


STATUS_GOOD, STATUS_REVOKED = b"\x80\x00", b"\xa1"


def status_in(body, der):
    """The first octets of certStatus, which follows the echoed CertID."""
    certid = der[der.index(b"\x30\x09\x06\x05") - 2:]  # without extensions it ends the request
    return body[body.index(certid) + len(certid):][:2]


def issued(site, name):
    """A certificate just issued: its path, its request, and the GET path of that."""
    certificate = site.ca.issue(name)
    stillgood("import", "certs", certificate, "--database", site.pg.conninfo)
    der = site.request("-no_nonce", "-cert", certificate)
    return certificate, der, "/" + urllib.parse.quote(base64.b64encode(der).decode(), safe="")


def change(site, command, certificate):
    stillgood(command, certificate, "--database", site.pg.conninfo)


def wait_for_status(responder, der, path, wanted):
    def changed():
        reply = ask(responder, "GET", path)
        return status_in(reply.body, der).startswith(wanted) and reply
    return harness.wait_for("the change to be answered", changed)


def produced(reply):
    """producedAt, as an HTTP date."""
    text = re.search(rb"\x18\x0f(\d{14})Z", reply.body).group(1).decode()
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.strptime(text, "%Y%m%d%H%M%S"))


def test_a_date_never_confirms_a_good_after_the_revocation(site, plain):
    """P-49: whoever got good in the second of the revoked answer has its date too."""
    certificate, der, path = issued(site, "dated")
    good = ask(plain, "GET", path)
    assert status_in(good.body, der) == STATUS_GOOD
    date = good.fields["last-modified"]
    assert ask(plain, "GET", path, f"If-Modified-Since: {date}\r\n").status == 304
    change(site, "revoke", certificate)
    revoked = wait_for_status(plain, der, path, STATUS_REVOKED)
    for since in (date, produced(revoked)):
        reply = ask(plain, "GET", path, f"If-Modified-Since: {since}\r\n")
        assert reply.status == 200 and reply.body == revoked.body
    tag = revoked.fields["etag"]
    assert ask(plain, "GET", path, f"If-None-Match: {tag}\r\n").status == 304


def test_curl_does_not_keep_a_good_after_the_revocation(site, plain, tmp_path):
    """P-48, P-49: `curl -z` sends the date of its file, which `curl -R` set to Last-Modified, and keeps
    the file if the answer is not later, whatever it is told."""
    certificate, der, path = issued(site, "curled")
    file, url = tmp_path / "answer", plain.url.rstrip("/") + path
    curl = ("curl", "-s", "-R", "-z", file, "-o", file, "-w", "%{http_code}", url)
    assert run(*curl).stdout == "200"
    assert status_in(file.read_bytes(), der) == STATUS_GOOD
    assert run(*curl).stdout == "304"
    change(site, "revoke", certificate)
    revoked = wait_for_status(plain, der, path, STATUS_REVOKED)
    if "last-modified" not in revoked.fields:  # made within a second of the change …
        second = email.utils.parsedate_to_datetime(produced(revoked)).timestamp()
        os.utime(file, (second, second))  # … and so may have been the good that was fetched
    assert run(*curl).stdout == "200"
    assert file.read_bytes() == revoked.body


def test_a_date_never_confirms_what_was_on_hold(site, plain):
    """P-49: in the second of a release both were answered with one Last-Modified."""
    certificate, der, path = issued(site, "held")
    change(site, "hold", certificate)
    assert wait_for_status(plain, der, path, STATUS_REVOKED)
    change(site, "release", certificate)
    good = wait_for_status(plain, der, path, STATUS_GOOD)
    date, tag = produced(good), good.fields["etag"]
    assert ask(plain, "GET", path, f"If-Modified-Since: {date}\r\n").status == 200
    assert ask(plain, "GET", path, f"If-None-Match: {tag}\r\n").status == 304


def test_a_clients_no_cache_forces_no_signature(site, plain):
    """P-49"""
    first = get(plain, site)
    for fields in ("Cache-Control: no-cache\r\nPragma: no-cache\r\n", "Cache-Control: no-store, max-age=0\r\n"):
        assert get(plain, site, fields).body == first.body
        assert ask(plain, "POST", "/", fields, site.der).body == first.body


def test_nonces_and_unknown_are_for_no_shared_cache(site, plain):
    """P-50, P-20"""
    nonce = site.request("-cert", site.ca.path("good.pem"))
    unknown = site.request("-no_nonce", "-serial", "0x7a7a7a")
    for der in (nonce, unknown, unknown):
        for reply in (ask(plain, "POST", "/", body=der),
                      ask(plain, "GET", "/" + base64.b64encode(der).decode(), "If-None-Match: *\r\n")):
            assert reply.status == 200 and len(reply.body) > 100
            assert reply.fields["cache-control"] == "no-store"
            assert not {"etag", "expires", "last-modified"} & set(reply.fields)


# ---- P-16: raw nonces ----

def tlv(tag, *parts):
    body = b"".join(parts)
    return bytes([tag]) + (bytes([len(body)]) if len(body) < 128 else b"\x81" + bytes([len(body)])) + body


NONCE = bytes.fromhex("06092b0601050507300102")


def with_nonce(der, value):
    """The request with a nonce extension whose extnValue holds exactly this."""
    assert der[0] == der[2] == 0x30 and der[1] < 128, "no extensions yet"
    return tlv(0x30, tlv(0x30, der[4:], tlv(0xA2, tlv(0x30, tlv(0x30, NONCE, tlv(4, value))))))


@pytest.mark.parametrize("value", [b"\xaa" * 16, b"\x04\x10" + b"\xaa" * 8, b"\x04", b"\xaa" * 128])
def test_a_raw_nonce_is_echoed_as_it_came(site, plain, value):
    """P-16, P-50"""
    reply = ask(plain, "POST", "/", body=with_nonce(site.der, value))
    assert tlv(0x30, NONCE, tlv(4, value)) in reply.body
    assert reply.fields["cache-control"] == "no-store"


@pytest.mark.parametrize("value", [b"", b"\x04\x00", b"\xaa" * 129])
def test_a_nonce_of_no_or_too_many_octets_is_malformed(site, plain, value):
    """P-16"""
    assert ask(plain, "POST", "/", body=with_nonce(site.der, value)).body == MALFORMED


@pytest.mark.parametrize("profile", ["webpki", "lightweight"])
def test_a_strict_profile_finds_a_raw_nonce_malformed(site, profile):
    """P-16, F-webpki, F-lightweight: and ignores one that is in its OCTET STRING."""
    with site.responder({"profile": profile}) as responder:
        whole = ask(responder, "POST", "/", body=site.der)
        for _ in range(2):
            raw = ask(responder, "POST", "/", body=with_nonce(site.der, b"\xaa" * 16))
            assert (raw.body, raw.fields["cache-control"]) == (MALFORMED, "no-store")
            wrapped = with_nonce(site.der, tlv(4, b"\xaa" * 16))
            assert ask(responder, "POST", "/", body=wrapped).body == whole.body


# ---- pages that anybody may read ----

def test_why_it_is_not_ready_is_told_to_operators_only(site):
    """No host, port, user, name or word of libpq on the public port; all of it on the control socket."""
    port = harness.free_port()
    conninfo = f"host=127.0.0.1 port={port} user=somebody dbname=hidden connect_timeout=2"
    responder = site.responder(database={"conninfo": conninfo})
    try:
        responder.start(ready=False)
        harness.wait_for("an answer", lambda: responder.get("readyz")[0] == 503)
        harness.wait_for("the whole reason", lambda: str(port) in responder.status()["reason"])
        status, body = responder.get("readyz")
        assert status == 503
        assert body == b"the database has not been read yet\n"
        for page in ("", "healthz", "readyz", "readyz?verbose"):
            assert not re.search(rb"127|somebody|hidden|libpq|Demo|" + str(port).encode(),
                                 responder.get(page)[1])
    finally:
        responder.stop()


# ---- P-51: behind proxies ----

V1 = b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 80\r\n"
V2_ADDRESSES = socket.inet_aton("192.0.2.7") + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 1, 2)
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", 12) + V2_ADDRESSES


def test_a_proxy_header_names_the_client_only_where_the_proxy_is_listed(site):
    """P-51, P-47"""
    with site.responder(trusted_proxies="127.0.0.9, 10.0.0.0/8", proxy_protocol="yes",
                        connections_per_address=1) as responder:
        proxy = {"source": "127.0.0.9"}
        for header in (V1, V2, b"PROXY UNKNOWN\r\n", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"):
            assert get(responder, site, before=header, **proxy).status == 200
            assert get(responder, site, before=header, source="127.0.0.3").status == 400
        assert get(responder, site, **proxy).status == 400, "required of a listed proxy"
        assert get(responder, site, source="127.0.0.4").status == 200, "not of others"
        time.sleep(1.1)  # refusals are logged once a second
        with connect(responder, "127.0.0.9") as first, first.makefile("rb") as file:
            first.sendall(V1 + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert Reply(file).status == 200
            with connect(responder, "127.0.0.9") as second:
                second.sendall(V2)
                assert second.recv(1) == b"", "the same client's second connection"
            other = V1.replace(b"192.0.2.7", b"192.0.2.8")
            assert get(responder, site, before=other, **proxy).status == 200
        assert "address=192.0.2.7" in responder.log()
        assert "a listed proxy sent no PROXY header address=127.0.0.9" in responder.log()


def test_x_forwarded_for_names_the_client_only_where_the_proxy_is_listed(site):
    """P-51, P-47, I-7"""
    with site.responder(trusted_proxies="127.0.0.9", connections_per_address=1) as responder:
        with connect(responder, "127.0.0.2") as direct, direct.makefile("rb") as file:
            direct.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert Reply(file).status == 200
            fields = "X-Forwarded-For: 203.0.113.1, 127.0.0.2\r\n"
            shed = get(responder, site, fields, source="127.0.0.9")
            assert (shed.status, shed.body) == (200, TRY_LATER)
            assert len(get(responder, site, fields, source="127.0.0.3").body) > 100, "not believed"
            fields = fields.replace("127.0.0.2", "127.0.0.5")
            assert len(get(responder, site, fields, source="127.0.0.9").body) > 100
        assert get(responder, site, before=V1, source="127.0.0.9").status == 400, "not switched on"


def test_proxy_protocol_needs_listed_proxies(site):
    """P-51"""
    responder = site.responder(proxy_protocol="yes")
    result = stillgood("check", "-c", responder.conf, check=False)
    assert result.returncode == 1 and "trusted_proxies" in result.stderr + result.stdout


def test_haproxy_in_front_passes_its_clients_on(site, tmp_path):
    """P-51: HAProxy's own PROXY headers, versions 1 and 2."""
    with site.responder(trusted_proxies="127.0.0.9", proxy_protocol="yes") as responder:
        for word in ("send-proxy", "send-proxy-v2"):
            port = harness.free_port()
            conf = tmp_path / f"{word}.cfg"
            conf.write_text(f"defaults\n mode tcp\n timeout connect 60s\n timeout client 60s\n"
                            f" timeout server 60s\nlisten x\n bind 127.0.0.1:{port}\n"
                            f" server s 127.0.0.1:{responder.port} source 127.0.0.9 {word}\n")
            with subprocess.Popen(["haproxy", "-f", str(conf), "-db"], stderr=subprocess.DEVNULL) as haproxy:
                try:
                    def answered():
                        try:
                            with socket.create_connection(("127.0.0.1", port), 60) as s, \
                                    s.makefile("rb") as file:
                                s.sendall(f"GET /{site.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                                return len(Reply(file).body) > 100
                        except OSError:
                            return False
                    harness.wait_for(word, answered)
                finally:
                    haproxy.terminate()
