"""TLS servers that staple our answers: nginx, Apache and HAProxy, each looked at by two relying
parties, `curl --cert-status` (which verifies the staple in full) and `openssl s_client -status`
(which shows it); and nginx and Apache as relying parties themselves, asking about their clients'
certificates. doc/protocol.md, H; P-16, P-20, P-27, P-31, P-40, P-41, P-45."""
import base64
import os
import re
import socket
import subprocess

import pytest

import harness
from harness import run
from site_under_test import ANSWERS
from table import package_version

NO_STAPLE = "OCSP response: no response sent"
CURL_INVALID_STATUS = 91


class Server:
    """A server program in the foreground with a port for each certificate, ended by its pid."""

    def __init__(self, folder, names):
        self.folder = folder
        self.ports = {name: harness.free_port() for name in names}
        self.process = None
        os.makedirs(folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)

    def start(self, *command):
        with open(self.path("output"), "ab") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output, start_new_session=True)
        for port in self.ports.values():
            harness.wait_for(f"{command[0]} to listen", lambda: self._listens(port))
        return self

    def _listens(self, port):
        assert self.process.poll() is None, self.log("output")
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def log(self, name="error.log"):
        with open(self.path(name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=10)


def s_client(site, port):
    """What `openssl s_client -status` prints of the handshake."""
    return run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost",
               "-CAfile", site.ca.certificate, "-verify_return_error", "-status",
               input="", check=False).stdout


def curl(site, port, *options):
    """curl's exit status, what it printed, and what it complained about."""
    result = run("curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "--max-time", "120",
                 "--cacert", site.ca.certificate, "--resolve", f"localhost:{port}:127.0.0.1",
                 *options, f"https://localhost:{port}/", check=False)
    return result.returncode, result.stdout, result.stderr


def staple(site, port):
    """The staple as s_client shows it, once there is one: the first handshake only asks for it."""
    return harness.wait_for("a staple", lambda: (
        lambda text: text if NO_STAPLE not in text and "OCSP Response Data" in text else None)(
            s_client(site, port)), pause=0.2)


def assert_stapled_good(site, port):
    shown = staple(site, port)
    assert "Cert Status: good" in shown and "OCSP Response Status: successful (0x0)" in shown
    assert "Verify return code: 0 (ok)" in shown
    assert curl(site, port, "--cert-status") == (0, "204", "")


def assert_staple_refused(site, port, complaint):
    code, _, error = curl(site, port, "--cert-status")
    assert code == CURL_INVALID_STATUS and complaint in error


def assert_no_staple(site, port):
    assert NO_STAPLE in s_client(site, port)
    assert_staple_refused(site, port, "No OCSP response received")


def curl_as_client(site, port, state):
    """The HTTP status that a client with the certificate of a state gets, 000 where none."""
    return curl(site, port, "--cert", site.path(state), "--key", site.key(state))[1]


# ---- nginx: GET over HTTP/1.0, staples only good ----

NGINX_SAYS = {
    "revoked": 'certificate status "revoked" in the OCSP response',
    "held": 'certificate status "revoked" in the OCSP response',
    "unknown": 'certificate status "unknown" in the OCSP response',
    "late": "OCSP response not successful (3: trylater)",
}



def nginx_server(site, state, port):
    return f"""
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {site.chain(state)};
        ssl_certificate_key {site.key(state)};
        ssl_stapling on;
        ssl_stapling_verify on;
        return 204;
    }}"""


def nginx_that_asks_about_clients(site, port):
    return f"""
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {site.chain("good")};
        ssl_certificate_key {site.key("good")};
        ssl_client_certificate {site.ca.certificate};
        ssl_verify_client on;
        ssl_ocsp leaf;
        return 204;
    }}"""


@pytest.fixture(scope="module")
def nginx(site, tmp_path_factory):
    server = Server(str(tmp_path_factory.mktemp("nginx")), [*ANSWERS, "clients"])
    blocks = nginx_that_asks_about_clients(site, server.ports["clients"]) + "".join(
        nginx_server(site, state, server.ports[state]) for state in ANSWERS)
    temporary = "".join(f"    {kind}_temp_path {server.path(kind)};\n" for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf = server.write("nginx.conf", f"""daemon off;
master_process off;
pid {server.path("pid")};
error_log {server.path("error.log")} info;
events {{ }}
http {{
    access_log off;
{temporary}    ssl_trusted_certificate {site.ca.certificate};
{blocks}
}}
""")
    server.start("nginx", "-p", server.folder, "-e", server.path("error.log"), "-c", conf)
    yield server
    server.stop()


NGINX = ("GET, `ssl_stapling_verify on`; staple verified by `curl --cert-status` and "
         "`openssl s_client`")


def test_nginx_staples_a_good_answer(site, nginx, record):
    assert_stapled_good(site, nginx.ports["good"])
    record("nginx, stapling", package_version("nginx"), NGINX, "good", "stapled")


@pytest.mark.parametrize("state", NGINX_SAYS)
def test_nginx_understands_every_other_answer_and_staples_none(site, nginx, record, state):
    port = nginx.ports[state]
    assert NO_STAPLE in s_client(site, port)
    said = re.compile(re.escape(NGINX_SAYS[state]) + f".*/{state}.chain")
    harness.wait_for("nginx to have its answer", lambda: said.search(nginx.log()))
    assert_no_staple(site, port)
    record("nginx, stapling", package_version("nginx"), NGINX, ANSWERS[state], "no staple")


@pytest.mark.parametrize("state,status", [
    ("good", "204"), ("revoked", "400"), ("held", "400"), ("unknown", "400"), ("late", "400")])
def test_nginx_admits_only_clients_whose_certificate_is_good(site, nginx, record, state, status):
    assert curl_as_client(site, nginx.ports["clients"], state) == status
    record("nginx, client certificates", package_version("nginx"), "GET, `ssl_ocsp leaf`",
           ANSWERS[state], "admitted" if state == "good" else "refused")


# ---- Apache: POST over HTTP/1.0; staples whatever it is told ----

def apache_host(server, site, name, port):
    """A virtual host that staples, or (`clients`) asks about its clients with a nonce."""
    state = "good" if name == "clients" else name
    options = f"""SSLCACertificateFile {site.ca.certificate}
    SSLVerifyClient require
    SSLOCSPEnable leaf
    SSLOCSPUseRequestNonce on""" if name == "clients" else "SSLUseStapling on"
    return f"""
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
    ServerName localhost
    SSLEngine on
    SSLCertificateFile {site.chain(state)}
    SSLCertificateKeyFile {site.key(state)}
    ErrorLog {server.path(name + ".log")}
    {options}
</VirtualHost>"""


@pytest.fixture(scope="module")
def apache(site, tmp_path_factory):
    server = Server(str(tmp_path_factory.mktemp("apache")), [*ANSWERS, "clients"])
    modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
                      for name in ("mpm_event", "authz_core", "alias", "socache_shmcb", "ssl"))
    identity = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    hosts = "".join(apache_host(server, site, *item) for item in server.ports.items())
    conf = server.write("apache2.conf", f"""ServerRoot {server.folder}
DefaultRuntimeDir {server.folder}
PidFile {server.path("pid")}
ServerName localhost
{modules}{identity}StartServers 1
ServerLimit 1
ThreadsPerChild 25
MaxRequestWorkers 25
LogLevel info ssl:debug
ErrorLog {server.path("error.log")}
Redirect 204 /
SSLStaplingCache shmcb:{server.path("staples")}(512000)
SSLStaplingFakeTryLater off
{hosts}
""")
    server.start("apache2", "-D", "FOREGROUND", "-f", conf)
    yield server
    server.stop()


APACHE = "POST over HTTP/1.0; staple verified like nginx's"


def test_apache_staples_a_good_answer(site, apache, record):
    assert_stapled_good(site, apache.ports["good"])
    record("Apache mod_ssl, stapling", package_version("apache2"), APACHE, "good", "stapled")


@pytest.mark.parametrize("state,complaint", [
    ("revoked", "revocation reason: keyCompromise"),
    ("held", "revocation reason: certificateHold"),
    ("unknown", "status verification FAILED")])
def test_apache_staples_an_answer_that_is_not_good(site, apache, record, state, complaint):
    shown = staple(site, apache.ports[state])
    assert f"Cert Status: {ANSWERS[state]}" in shown
    assert_staple_refused(site, apache.ports[state], complaint)
    assert f"response has certificate status {ANSWERS[state]}" in apache.log(f"{state}.log")
    record("Apache mod_ssl, stapling", package_version("apache2"), APACHE, ANSWERS[state],
           "stapled")


def test_apache_staples_try_later(site, apache, record):
    assert "OCSP Response Status: trylater (0x3)" in staple(site, apache.ports["late"])
    assert_staple_refused(site, apache.ports["late"], "Invalid OCSP response status: trylater")
    record("Apache mod_ssl, stapling", package_version("apache2"), APACHE, "tryLater", "stapled")


@pytest.mark.parametrize("state,status", [
    ("good", "204"), ("revoked", "000"), ("held", "000"), ("unknown", "000"), ("late", "000")])
def test_apache_admits_only_clients_whose_certificate_is_good(site, apache, record, state, status):
    """P-16: with a nonce, which Apache requires to come back."""
    assert curl_as_client(site, apache.ports["clients"], state) == status
    record("Apache mod_ssl, client certificates", package_version("apache2"),
           "POST, nonce required, `SSLOCSPEnable leaf`", ANSWERS[state],
           "admitted" if state == "good" else "refused")


# ---- HAProxy 2.6: is given answers by its files and its socket; checks them as it loads ----

class HAProxy(Server):
    def command(self, text):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(self.path("socket"))
            s.sendall(text.encode() + b"\n")
            reply = b""
            while chunk := s.recv(65536):
                reply += chunk
        return reply.decode()

    def load(self, der):
        return self.command("set ssl ocsp-response " + base64.b64encode(der).decode())


@pytest.fixture(scope="module")
def haproxy(site, tmp_path_factory):
    server = HAProxy(str(tmp_path_factory.mktemp("haproxy")), ANSWERS)
    for state in ANSWERS:
        bundle = site.chain(state, with_key=True)
        # An answer file must be there for a certificate to be stapled at all; empty means later.
        with open(bundle + ".ocsp", "wb") as file:
            file.write(fetched(site, "good") if state == "good" else b"")
    binds = "".join(f"    bind 127.0.0.1:{port} ssl crt {site.chain(state, with_key=True)}\n"
                    for state, port in server.ports.items())
    conf = server.write("haproxy.cfg", f"""global
    stats socket {server.path("socket")} mode 600 level admin
defaults
    mode http
    timeout client 20s
    timeout server 20s
    timeout connect 5s
frontend tls
{binds}    http-request return status 204
""")
    server.start("haproxy", "-db", "-f", conf)
    yield server
    server.stop()


def fetched(site, state):
    """An answer as HAProxy's operators fetch it: `openssl ocsp` without a nonce."""
    out = site.ca.path(f"{state}.der")
    run("openssl", "ocsp", "-no_nonce", "-issuer", site.ca.certificate, "-cert", site.path(state),
        "-url", site.url(state), "-CAfile", site.ca.certificate, "-respout", out, check=False)
    with open(out, "rb") as file:
        return file.read()


HAPROXY = ("`.ocsp` file and `set ssl ocsp-response`, fetched by `openssl ocsp`; staple verified "
           "like nginx's")


def test_haproxy_staples_a_good_answer_from_its_file_and_from_its_socket(site, haproxy, record):
    assert_stapled_good(site, haproxy.ports["good"])
    assert "OCSP Response updated!" in haproxy.load(fetched(site, "good"))
    assert_stapled_good(site, haproxy.ports["good"])
    record("HAProxy, stapling", package_version("haproxy"), HAPROXY, "good", "stapled")


def test_haproxy_staples_that_a_certificate_is_revoked(site, haproxy, record):
    port = haproxy.ports["revoked"]
    assert NO_STAPLE in s_client(site, port)
    assert "OCSP Response updated!" in haproxy.load(fetched(site, "revoked"))
    assert "Cert Status: revoked" in staple(site, port)
    assert_staple_refused(site, port, "revocation reason: keyCompromise")
    record("HAProxy, stapling", package_version("haproxy"), HAPROXY, "revoked", "stapled")


def test_haproxy_refuses_to_staple_unknown(site, haproxy, record):
    assert "certificate status is unknown" in haproxy.load(fetched(site, "unknown"))
    assert_no_staple(site, haproxy.ports["unknown"])
    record("HAProxy, stapling", package_version("haproxy"), HAPROXY, "unknown",
           "refused, no staple")


def test_haproxy_refuses_to_staple_try_later(site, haproxy, record):
    assert "OCSP response status not successful" in haproxy.load(fetched(site, "late"))
    assert_no_staple(site, haproxy.ports["late"])
    record("HAProxy, stapling", package_version("haproxy"), HAPROXY, "tryLater",
           "refused, no staple")
