"""The wire as hostile and as odd clients use it, against a running responder (doc/protocol.md A, B, E)."""
import base64
import os
import re
import select
import socket

import pytest

import harness
from harness import run, stillgood

MALFORMED = bytes.fromhex("30030a0101")
UNAUTHORIZED = bytes.fromhex("30030a0106")
V1 = "MEQwQjBAMD4wPDAJBgUrDgMCGgUABBQAAAAAAAAAAAAAAAAAAAAAAAAAAAQUAAAAAAAAAAAAAAAAAAAAAAAAAAACAwP//A=="


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("wire"))
    with harness.Postgres() as pg:
        ca = harness.DemoCA(os.path.join(folder, "ca"), key="P-256")
        stillgood("db", "init", "--database", pg.conninfo)
        stillgood("issuer", "add", ca.certificate, "--name", "Demo", "--database", pg.conninfo)
        stillgood("import", "certs", ca.issue("good"), "--database", pg.conninfo)
        request = os.path.join(folder, "request.der")
        run("openssl", "ocsp", "-issuer", ca.certificate, "-cert", ca.path("good.pem"), "-no_nonce",
            "-reqout", request)
        with open(request, "rb") as file:
            der = file.read()
        with harness.Responder(folder, pg, {"Demo": ca}, server={
                "head_timeout": "1s", "body_timeout": "1s", "idle_timeout": "2s",
                "write_timeout": "1s"}) as responder:
            yield responder, der


def exchange(responder, data):
    """Everything that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", responder.port), harness.DEADLINE) as s:
        s.sendall(data)
        received = b""
        while chunk := s.recv(65536):
            received += chunk
        return received


def post(der, extra="", version="1.1", connection="close"):
    return (f"POST / HTTP/{version}\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n"
            f"Connection: {connection}\r\n{extra}Content-Length: {len(der)}\r\n\r\n").encode() + der


def split(reply):
    head, _, body = reply.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode().lower(), body


@pytest.mark.parametrize("body", [
    b"", b"\x00", b"hello", bytes.fromhex("300430023000"), bytes.fromhex("30053003a003"),
])
def test_what_is_no_request_gets_malformed_request_with_http_200(site, body):
    """P-1, P-3, P-20"""
    status, head, answer = split(exchange(site[0], post(body)))
    assert (status, answer) == (200, MALFORMED)
    assert "content-type: application/ocsp-response" in head and "no-store" in head


def test_bytes_after_the_request_are_malformed(site):
    """P-2"""
    responder, der = site
    assert split(exchange(responder, post(der + b"\0")))[2] == MALFORMED


@pytest.mark.parametrize("path", [V1, V1[:-2] + "%3D%3D", V1.replace("/", "%2F"), "/" + V1])
def test_forward_slashes_in_a_get_are_answered_as_ocsp(site, path):
    """V-1, V-2: never an HTTP 4xx. The issuer is unknown."""
    reply = exchange(site[0], f"GET /{path} HTTP/1.0\r\n\r\n".encode())
    status, _, body = split(reply)
    assert (status, body) == (200, UNAUTHORIZED)


def test_a_random_serial_is_never_good(site):
    """V-3, I-6"""
    responder, der = site
    serial_at = der.rindex(b"\x02\x02")
    assert serial_at > 0
    other = der[:serial_at] + b"\x02\x02\x7a\x7a" + der[serial_at + 4:]
    answer = split(exchange(responder, post(other)))[2]
    # CertStatus unknown is [2] IMPLICIT NULL: 82 00 after the echoed CertID.
    assert b"\x02\x02\x7a\x7a\x82\x00" in answer


@pytest.mark.parametrize("head", [
    "Content-Length: 3\r\nContent-Length: 3", "Content-Length: +3", "Content-Length: -1",
    "Content-Length: 3, 3", "Content-Length: 0x5", "Content-Length : 3",
    "Content-Length: 3\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, chunked", "Host: two", ": empty", "X: a\r\n folded", "X: a\0b",
])
def test_ambiguous_framing_is_refused_and_the_connection_closed(site, head):
    """P-46, doc/faults.md row 26"""
    reply = exchange(site[0], f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\nabc".encode())
    assert split(reply)[0] in (400, 501), reply


@pytest.mark.parametrize("line,code", [
    ("GET / HTTP/9.9", 400), ("PUT / HTTP/1.1", 405), ("GET /" + "M" * 9000 + " HTTP/1.1", 414),
    ("OPTIONS * HTTP/1.1", 405), ("OPTIONS / HTTP/1.1", 405), ("FOO * HTTP/1.1", 405),
    ("CONNECT a:443 HTTP/1.1", 405), ("GET * HTTP/1.1", 400),
])
def test_request_lines_that_are_not_served(site, line, code):
    """P-19, P-40, P-46, P-54"""
    reply = exchange(site[0], f"{line}\r\nHost: x\r\n\r\n".encode())
    assert split(reply)[0] in (code, 505 if code == 400 else code), reply
    if code == 405:
        assert b"Allow:" in reply


@pytest.mark.parametrize("host", ["x:abc", "[::1", "%zz", "::1", "[a]", ":80", "x:80:80", "u@x", "a b"])
def test_a_host_that_is_none_is_refused(site, host):
    """P-54"""
    for line in (f"GET / HTTP/1.1\r\nHost: {host}\r\n", f"GET http://{host}/ HTTP/1.1\r\nHost: x\r\n"):
        assert split(exchange(site[0], f"{line}\r\n".encode()))[0] == 400


@pytest.mark.parametrize("host", ["x", "x:", "x:80", "[::1]:80", "127.0.0.1", "a%2eb", ""])
def test_a_host_that_is_one_is_taken(site, host):
    """P-54"""
    data = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    assert split(exchange(site[0], data))[0] == 200


def test_http_1_2_is_read_as_1_1(site):
    """P-54: kept alive, and a Host is required."""
    responder, der = site
    data = post(der, version="1.2", connection="keep-alive") + post(der, version="1.2")
    assert exchange(responder, data).count(b"HTTP/1.1 200 OK\r\n") == 2
    assert split(exchange(responder, b"GET / HTTP/1.2\r\n\r\n"))[0] == 400


def test_a_body_over_the_limit_gets_413(site):
    """P-19"""
    assert split(exchange(site[0], post(b"\x30" * 10001)))[0] == 413


def test_http_1_0_is_answered_and_closed_at_once(site):
    """P-45"""
    responder, der = site
    status, head, _ = split(exchange(responder, post(der, version="1.0")))
    assert status == 200
    assert "content-length" in head and "chunked" not in head


def test_pipelined_requests_are_answered_in_order(site):
    """P-45"""
    responder, der = site
    wanted = [der, b"bad", der, b"bad"]
    data = b"".join(post(body, connection="keep-alive") for body in wanted[:-1]) + post(b"bad")
    reply = exchange(responder, data)
    lengths = [int(n) for n in re.findall(rb"(?i)content-length: (\d+)", reply)]
    assert len(lengths) == 4 and lengths[0] == lengths[2] > 100 and lengths[1] == lengths[3] == 5


def test_a_chunked_body_is_read(site):
    """P-46"""
    responder, der = site
    chunks = b"".join(b"%x\r\n%c\r\n" % (1, octet) for octet in der) + b"0\r\n\r\n"
    reply = exchange(responder, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                     b"Connection: close\r\n\r\n" + chunks)
    assert split(reply)[0] == 200 and len(split(reply)[2]) > 100


def test_expect_continue_does_not_stall(site):
    """P-45"""
    responder, der = site
    head = post(der, extra="Expect: 100-continue\r\n")[:-len(der)]
    with socket.create_connection(("127.0.0.1", responder.port), harness.DEADLINE) as s:
        s.sendall(head)
        assert s.recv(65536).startswith(b"HTTP/1.1 100")
        s.sendall(der)
        assert s.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("start,octet", [
    (b"", b"G"),
    (b"GET /a HTTP/1.1\r\nX-Long: ", b"x"),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n", b"0"),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2328\r\n", b"0"),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"x"),
], ids=["first octet", "head", "body", "chunk", "trailer"])
def test_a_byte_now_and_then_does_not_hold_a_connection(site, start, octet):
    """P-47: deadlines are absolute, in every phase (doc/faults.md row 48)."""
    responder, _ = site
    closed = []

    def trickle():
        try:
            s.sendall(octet)
            data = s.recv(4096)
            closed.append(data == b"" or data.startswith(b"HTTP/1.1 408"))
        except socket.timeout:
            pass
        except OSError:
            closed.append(True)
        return closed

    with socket.create_connection(("127.0.0.1", responder.port), timeout=0.1) as s:
        s.sendall(start)
        harness.wait_for("the end of the connection", trickle, seconds=60)
    assert closed == [True]


def front_memory(responder):
    with open(f"/proc/{responder.children()['front 0']}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) * 1024


def send_until_reset(responder, data, everybody):
    """Sends the data again and again over each connection, reads nothing, until all are reset."""
    left = {}
    for _ in range(everybody):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", responder.port))
        s.setblocking(False)
        left[s] = b""

    def go_on():
        for s in select.select([], list(left), [], 0.1)[1]:
            try:
                left[s] = left[s] or data
                left[s] = left[s][s.send(left[s]):]
            except BlockingIOError:
                pass
            except OSError:
                s.close()
                del left[s]
        return not left
    try:
        harness.wait_for("the end of all connections", go_on, seconds=300, pause=0)
    finally:
        for s in left:
            s.close()


def test_who_pipelines_nonces_and_never_reads_is_closed(site, tmp_path):
    """P-47, doc/faults.md row 48: nothing is parsed while output waits, and its deadline runs on."""
    responder, der = site
    ca = os.path.join(os.path.dirname(responder.conf), "ca")
    request = tmp_path / "nonce.der"
    run("openssl", "ocsp", "-issuer", f"{ca}/ca.pem", "-cert", f"{ca}/good.pem", "-reqout", request)
    before = front_memory(responder)
    send_until_reset(responder, post(request.read_bytes(), connection="keep-alive") * 64, 4)
    assert front_memory(responder) - before < 128 << 20  # with what a sanitizer keeps of freed memory
    assert split(exchange(responder, post(der)))[0] == 200


def test_a_post_without_content_type_is_answered(site):
    """P-43: Apple's client sends none."""
    responder, der = site
    reply = exchange(responder, b"POST /any/path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(der) + der)
    assert split(reply)[0] == 200 and len(split(reply)[2]) > 100


def test_the_same_question_in_absolute_form(site):
    """P-41"""
    responder, der = site
    text = base64.b64encode(der).decode()
    reply = exchange(responder, f"GET http://x/{text} HTTP/1.1\r\nHost: x\r\n"
                     "Connection: close\r\n\r\n".encode())
    assert split(reply)[2] == split(exchange(responder, post(der)))[2]


def test_the_root_is_a_plain_page(site):
    """P-40"""
    status, head, body = split(exchange(site[0], b"GET / HTTP/1.0\r\n\r\n"))
    assert status == 200 and "text/plain" in head and body


def test_no_input_ends_a_process(site):
    responder, der = site
    before = responder.children()
    for cut in range(len(der)):
        assert split(exchange(responder, post(der[:cut])))[2] == MALFORMED
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", responder.port), harness.DEADLINE) as s:
            s.sendall(os.urandom(300))
    assert responder.children() == before and responder.ready()
