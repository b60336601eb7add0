"""`diff --crl`: what a published CRL says otherwise than the database, and by http."""
import http.server
import json
import threading
import time

import pytest

from crls import crl, entry, point, write
from forward_proxy import ForwardProxy
from harness import stillgood
from test_cli_import_crl import ca, cluster, impostor, site, template  # pylint: disable=unused-import


def compare(site, octets, status):
    """kind → serials, of what --json says; the table and its last line say as much."""
    path = write(site.folder, "published.crl", octets)
    before = site.everything()
    result = stillgood("diff", "--crl", path, "--database", site.conninfo, "--json", check=False)
    assert result.returncode == status, result.stderr
    told = json.loads(result.stdout)["crls"][0]
    text = stillgood("diff", "--crl", path, "--database", site.conninfo, check=False)
    assert text.returncode == status and site.everything() == before
    kinds = {kind: told[kind] for kind in ("missing", "extra", "status", "reason", "date", "lapsed", "older")
             if told[kind]}
    for kind, count in kinds.items():
        last = text.stdout.splitlines()[-1]
        assert (f"it is {kind}" if kind in ("lapsed", "older") else f"{count} {kind}") in last
    found = {}
    for one in told["differences"]:
        found.setdefault(one["kind"], []).append(int(one["serial"], 16))
        assert any(line.split()[:2] == [one["kind"], one["serial"]] for line in text.stdout.splitlines())
    assert {kind: len(serials) for kind, serials in found.items()} == {
        kind: count for kind, count in kinds.items() if kind not in ("lapsed", "older")}
    return {**found, **{kind: True for kind in kinds if kind in ("lapsed", "older")}}


def put(site, serial, at, reason="superseded", not_after=None):
    site.sql("SELECT stillgood.issue('Demo', %s::text, %s)", (f"{serial:x}", not_after))
    if reason == "certificateHold":
        site.sql("SELECT stillgood.hold('Demo', %s::text, to_timestamp(%s))", (f"{serial:x}", at))
    elif reason:
        site.sql("SELECT stillgood.revoke('Demo', %s::text, %s, to_timestamp(%s))", (f"{serial:x}", reason, at))


def test_what_differs_is_named_and_nothing_changes(site):
    at = int(time.time()) - 5000
    put(site, 1, at)
    put(site, 2, at)
    put(site, 3, at, "keyCompromise")
    put(site, 4, at)
    put(site, 5, at, "certificateHold")
    put(site, 6, at, None)
    put(site, 7, at, "unspecified")
    put(site, 8, int(time.time()))
    put(site, 9, at, not_after="2020-01-01 00:00Z")
    octets = crl(site.ca, [entry(1, at, "superseded"), entry(3, at, "superseded"), entry(4, at - 9, "superseded"),
                           entry(5, at), entry(6, at), entry(7, at), entry(0x77, at)], number=1, since=-100)
    assert compare(site, octets, 1) == {"missing": [2], "extra": [6, 0x77], "status": [5], "reason": [3], "date": [4]}


def test_what_was_imported_is_the_same(site):
    at = int(time.time()) - 5000
    octets = crl(site.ca, [entry(1, at, "certificateHold"), entry(2, at), entry(2, at, "keyCompromise")], number=1)
    site.imported(write(site.folder, "a.crl", octets), problems=1)
    assert compare(site, octets, 0) == {}
    assert compare(site, crl(site.ca, [], number=2), 1) == {"missing": [1, 2]}


def test_a_crl_that_is_old_or_has_lapsed(site):
    site.take(entry(1), number=5)
    assert compare(site, crl(site.ca, [entry(1)], number=4, since=-99), 1) == {"older": True}
    assert compare(site, crl(site.ca, [entry(1)], number=6, since=-50, until=-10), 1) == {"lapsed": True}


def test_of_a_part_only_its_own_can_be_missing(site):
    users = [point(user=True)]
    put(site, 1, int(time.time()) - 5000)
    site.take(entry(2), number=1, extensions=users)
    assert compare(site, crl(site.ca, [], number=2, extensions=users), 1) == {"missing": [2]}


def test_what_cannot_be_believed_or_compared_is_refused(site, impostor):
    for octets, why in ((crl(impostor, [entry(1)], number=1), "did not sign it"), (b"nonsense", "holds no CRL"),
                        (crl(site.ca, [entry(1)], number=2, base=1), "cannot be compared")):
        result = stillgood("diff", "--crl", write(site.folder, "x.crl", octets), "--database", site.conninfo,
                           check=False)
        assert result.returncode == 1 and why in result.stderr and result.stdout == ""
    result = stillgood("diff", "--database", site.conninfo, check=False)
    assert result.returncode == 2 and "--crl" in result.stderr


# ---- by http ----

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, octets = self.server.pages.get(self.path, (404, b"<html>"))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", octets.decode())
        self.send_header("Content-Length", str(len(octets) + (100 if self.path == "/cut" else 0)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.pages, server.url = {}, f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_crl_by_http(site, web):
    octets = crl(site.ca, [entry(1)], number=1)
    web.pages = {"/ca.crl": (200, octets), "/to": (302, b"http://elsewhere.example/ca.crl"), "/cut": (200, octets)}
    for path, why in (("/to", "leads to http://elsewhere.example/ca.crl"), ("/none", "the server says 404"),
                      ("/cut", "/cut: ")):
        result = site.imported(web.url + path, problems=1)
        assert why in result["problems"][0] and site.states() == {}
    result = site.imported("https://127.0.0.1/ca.crl", problems=1)
    assert "only http is spoken here" in result["problems"][0]
    assert site.imported(web.url + "/ca.crl")["imported"] == 1
    assert stillgood("diff", "--crl", web.url + "/ca.crl", "--database", site.conninfo).returncode == 0


def test_a_crl_by_a_proxy(site, web):
    """It looks the name up; a wrong one is usage."""
    web.pages = {"/ca.crl": (200, crl(site.ca, [entry(1)], number=1))}
    with ForwardProxy(web.server_address[1]) as proxy:
        by = ("http://ca.invalid/ca.crl", "--proxy", proxy.url("localhost"))
        assert site.imported(*by)["imported"] == 1
        assert stillgood("diff", "--crl", *by, "--database", site.conninfo).returncode == 0
        assert proxy.asked == ["http://ca.invalid/ca.crl"] * 2
        proxy.refuses = 407
        assert "the server says 407" in site.imported(*by, problems=1)["problems"][0]
        for wrong in ("https://127.0.0.1:1", "127.0.0.1:3128", "http://a:b@127.0.0.1:1", ""):
            result = stillgood("diff", "--crl", by[0], "--proxy", wrong, "--database", site.conninfo, check=False)
            assert result.returncode == 2 and "--proxy: write http://HOST:PORT" in result.stderr, result
