"""A CA's server that publishes CRLs, well or badly: a thread, whose answers a test chooses by path."""
import datetime
import http.server
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import service

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
HOUR = datetime.timedelta(hours=1)


def crl(*revoked, ca="A", number=1, this_update=None, next_update=None, key=None):
    """DER of a full CRL of this authority; `key` of another one: forged."""
    authority = service.authority(ca)
    with open((key or authority).path("ca.key"), "rb") as file:
        private = serialization.load_pem_private_key(file.read(), None)
    this_update = this_update or NOW - HOUR
    made = (x509.CertificateRevocationListBuilder()
            .issuer_name(x509.load_der_x509_certificate(authority.der).subject)
            .last_update(this_update).next_update(next_update or NOW + 24 * HOUR)
            .add_extension(x509.CRLNumber(number), critical=False))
    for serial in revoked:
        made = made.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(serial)
            .revocation_date(this_update - HOUR).build())
    return made.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


class Publisher(http.server.ThreadingHTTPServer):
    """`pages[path]`: bytes, which are served well (with an ETag), or a function of the handler, which says what it
    likes. `asked`: each request, (path, fields)."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, certificate=None, key=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages, self.asked = {}, []
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)

    def url(self, path="/ca.crl", host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.server_address[1]}{path}"

    def of(self, path="/ca.crl"):
        """The fields of the requests for it."""
        return [fields for asked, fields in list(self.asked) if asked == path]

    def handle_error(self, request, client_address):
        """Clients may go away in the middle."""

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """Says nothing."""

    def do_GET(self):  # pylint: disable=invalid-name
        self.server.asked.append((self.path, dict(self.headers)))
        page = self.server.pages.get(self.path)
        if callable(page):
            page(self)
        elif page is None:
            say(self, 404, b"no such page")
        else:
            tag = f'"{hash(page) & 0xffffffff:x}"'
            if self.headers.get("If-None-Match") == tag:
                say(self, 304, b"", ETag=tag)
            else:
                say(self, 200, page, ETag=tag)


def say(handler, status, body, **fields):
    handler.send_response(status)
    for name, value in fields.items():
        handler.send_header(name.replace("_", "-"), value)
    if status != 304:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


# ---- bad servers ----

def page_of_html(handler):
    say(handler, 200, b"<!DOCTYPE html><p>Service temporarily unavailable", Content_Type="text/html")


def error(handler):
    say(handler, 503, b"later")


def unasked_not_modified(handler):
    say(handler, 304, b"")


def nameless_place(handler):
    """Octets that are no text, which end up in what is told of it."""
    handler.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: ftp://\xff\xc0\xe8\xaa/\x80\r\nContent-Length: 0\r\n\r\n")


def endless(handler):
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        handler.wfile.write(bytes(65536))


def silent(handler):
    handler.close_connection = True
    time.sleep(3600)


def drop_by_drop(handler):
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        handler.wfile.write(b"0")
        time.sleep(0.05)


def nonsense(handler):
    handler.close_connection = True
    handler.wfile.write(b"what?\r\n\r\n")


def empty(handler):
    say(handler, 200, b"")


def compressed(handler):
    """Ten gigabytes of zeros would be as small as this; nobody asked for it."""
    import gzip  # pylint: disable=import-outside-toplevel
    say(handler, 200, gzip.compress(bytes(1 << 20)), Content_Encoding="gzip")


def shorter_than_it_says(body):
    def page(handler):
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) + 10) + body)
    return page


def cut(body):
    """By a server that does not notice: no length is wrong."""
    return lambda handler: say(handler, 200, body[:-20])


def for_the_last_time(body):
    """On this connection."""
    def page(handler):
        say(handler, 200, body, Connection="close")
    return page


def redirect(where, status=302):
    return lambda handler: say(handler, status, b"", Location=where)
