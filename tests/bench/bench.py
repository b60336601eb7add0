"""CPU time per answer, relative to a reference measured in the same run, how fast a committed
revocation is seen, how fast certificates and CRLs are imported and very many are revoked. The server's
processes share one core, the client has the other; in the rows "crl" and "mass" all of them have both.

Every figure is the median over rounds in which subject and reference take turns, so that a machine
whose speed drifts does not decide. With --before BINARY an older build takes its turns as well, in the
rows "cached", "import" and "crl": how a change moved them is told within one run.
"""
import argparse
import base64
import contextlib
import datetime
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))
import harness  # noqa: E402

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.x509 import ocsp  # noqa: E402

SERVER_CORE, CLIENT_CORE = ("0", "1") if (os.cpu_count() or 1) > 1 else ("0", "0")
CONNECTIONS = 64
CERTIFICATES = 100000
IMPORTED_LINES, IMPORTED_CERTIFICATES = 200000, 10000
LIMIT = 180  # seconds, for the rounds of a long row


# ---- processor time ----

def process_cpu(pid):
    """Nanoseconds on a processor, of all threads."""
    total = 0
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
    return total


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True,
                           text=True, check=False).stdout.split()
    return [int(word) for word in found]


class Meter:
    """Processor time of processes and their children between two moments."""

    def __init__(self, *parents):
        self.parents = parents

    def _now(self):
        pids = {pid for parent in self.parents for pid in [parent, *children(parent)]}
        return {pid: process_cpu(pid) for pid in pids}

    def __enter__(self):
        self.before = self._now()
        return self

    def __exit__(self, *_):
        after = self._now()
        self.seconds = sum(cpu - self.before.get(pid, 0) for pid, cpu in after.items()) / 1e9


# ---- load ----

def wrk(url, seconds, script=None, connections=CONNECTIONS):
    """(answers, answers a second, p99 in ms)"""
    command = ["taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
               "--latency"]
    if script:
        command += ["-s", script]
    output = harness.run(*command, url).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"the load met errors:\n{output}")
    answers = int(re.search(r"(\d+) requests in", output).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))
    p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
    return answers, rate, float(p99) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def lua_post(path, body):
    """A wrk script that posts one body again and again."""
    text = "".join(f"\\{octet:03d}" for octet in body)
    with open(path, "w", encoding="ascii") as file:
        file.write('wrk.method = "POST"\n'
                   'wrk.headers["Content-Type"] = "application/ocsp-request"\n'
                   f'wrk.body = "{text}"\n')
    return path


def lua_nonces(path, before, serials, between):
    """A wrk script that posts a new nonce each time, about one of many certificates."""
    def quote(octets):
        return '"' + "".join(f"\\{octet:03d}" for octet in octets) + '"'
    with open(path + ".serials", "wb") as file:
        file.writelines(serials)
    with open(path, "w", encoding="ascii") as file:
        file.write(f"""local before, between = {quote(before)}, {quote(between)}
local file = io.open("{path}.serials", "rb")
local serials = file:read("*a")
file:close()
local size, count = {len(serials[0])}, {len(serials)}
""")
        file.write("""
local random, char = math.random, string.char
local n = 0
local headers = { ["Content-Type"] = "application/ocsp-request" }
function init() math.randomseed(os.time()) end
function request()
  local at = n * size
  n = (n + 1) % count
  local nonce = {}
  for i = 1, 16 do nonce[i] = random(0, 255) end
  return wrk.format("POST", "/", headers, before .. serials:sub(at + 1, at + size) .. between .. char(unpack(nonce)))
end
""")
    return path


# ---- what is measured ----

@contextlib.contextmanager
def build(binary):
    """Commands and responders are those of this build."""
    current, harness.STILLGOOD = harness.STILLGOOD, binary
    try:
        yield
    finally:
        harness.STILLGOOD = current


class Site:
    """PostgreSQL, a CA with many certificates, a responder; all on the server's core."""

    def __init__(self, folder, pg, key, name, older=False):
        self.pg = pg
        # Options that the harness gives to all, and that it need not know.
        self.server = dict.fromkeys(("journal", "users", "drain_delay")) if older else {}
        self.binary = harness.STILLGOOD
        self.ca = harness.DemoCA(os.path.join(folder, name), name=name, key=key)
        database = ["--database", pg.conninfo]
        harness.stillgood("issuer", "add", self.ca.certificate, "--name", name, *database)
        good = self.ca.issue("good", serial=int.from_bytes(b"\x11" * 16, "big"))
        harness.stillgood("import", "certs", good, *database)
        pg.sql("INSERT INTO stillgood.certificate (issuer, serial, status, not_after) "
               "SELECT i.id, '\\x22'::bytea || substr(decode(md5(n::text), 'hex'), 2), 0, "
               "now() + interval '1 year' FROM stillgood.issuer i, generate_series(1, %s) n "
               "WHERE i.name = %s", (CERTIFICATES, name))
        pg.sql("ANALYZE stillgood.certificate")
        self.serials = [bytes(row[0]) for row in pg.sql(
            "SELECT c.serial FROM stillgood.certificate c JOIN stillgood.issuer i ON i.id = c.issuer "
            "WHERE i.name = %s AND octet_length(c.serial) = 16 AND substr(c.serial, 1, 1) = '\\x22'",
            (name,))]
        self.name = name
        self.certificates = [load(good), load(self.ca.certificate)]

    @contextlib.contextmanager
    def responder(self, folder, pg=None, **options):
        """A running responder whose processes are all on the server's core."""
        responder = harness.Responder(folder, pg or self.pg, {self.name: self.ca},
                                      server=self.server, **options)
        everywhere = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {int(SERVER_CORE)})  # inherited by what starts now
        try:
            with build(self.binary):
                responder.start()
        finally:
            os.sched_setaffinity(0, everywhere)
        try:
            yield responder
        finally:
            responder.stop()

    def request(self):
        builder = ocsp.OCSPRequestBuilder().add_certificate(*self.certificates, hashes.SHA1())
        return builder.build().public_bytes(serialization.Encoding.DER)

    def nonce_parts(self):
        """A request with a 16-octet serial and a 16-octet nonce, cut where those stand."""
        builder = ocsp.OCSPRequestBuilder().add_certificate(*self.certificates, hashes.SHA1())
        builder = builder.add_extension(x509.OCSPNonce(b"\x33" * 16), False)
        der = builder.build().public_bytes(serialization.Encoding.DER)
        before, rest = der.split(b"\x11" * 16)
        between = rest[:-16]
        assert rest.endswith(b"\x33" * 16)
        return before, between


def load(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


@contextlib.contextmanager
def nginx(folder, body):
    """nginx serving the bytes as a static file; yields (url, pid)."""
    os.makedirs(os.path.join(folder, "www"))
    with open(os.path.join(folder, "www", "answer"), "wb") as file:
        file.write(body)
    os.chmod(folder, 0o755)
    port = harness.free_port()
    conf = os.path.join(folder, "nginx.conf")
    with open(conf, "w", encoding="ascii") as file:
        file.write(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000000;
  open_file_cache max=10 inactive=1h; open_file_cache_valid 1h;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; default_type application/ocsp-response; }}
}}
""")
    process = subprocess.Popen(["taskset", "-c", SERVER_CORE, "nginx", "-c", conf],
                               stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}/answer"
        harness.wait_for("nginx", lambda: port_open(port))
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(timeout=10)


def port_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def openssl_speed(algorithm, seconds):
    """Seconds of processor time of one signature."""
    output = harness.run("taskset", "-c", SERVER_CORE, "openssl", "speed", "-seconds", seconds,
                         algorithm).stdout
    line = output.strip().splitlines()[-1]
    return 1 / float(line.split()[-2])


@contextlib.contextmanager
def cached_subjects(sites, folder):
    """{(label, method): (URL, wrk script, the responder's process)} and the bytes they answer."""
    subjects = {}
    with contextlib.ExitStack() as stack:
        for label, site in sites.items():
            place = os.path.join(folder, f"cached-{len(subjects)}")
            responder = stack.enter_context(site.responder(place))
            request = site.request()
            status, body, _ = responder.post(request)
            assert status == 200 and len(body) > 100, "no answer to measure"
            get = responder.url + urllib.parse.quote(base64.b64encode(request).decode(), safe="")
            post = lua_post(os.path.join(place, "post.lua"), request)
            subjects[label, "GET"] = (get, None, responder.process.pid)
            subjects[label, "POST"] = (responder.url, post, responder.process.pid)
        yield subjects, body


def measure_cached(sites, folder, options):
    rows = []
    with cached_subjects(sites, folder) as (subjects, body), \
            nginx(os.path.join(folder, "nginx"), body) as (reference_url, nginx_pid):
        results = {subject: [] for subject in subjects}
        for _ in range(options.rounds):
            with Meter(nginx_pid) as meter:
                answers, rate, p99 = wrk(reference_url, options.seconds)
            reference = (meter.seconds / answers, rate, p99)
            for subject, (url, script, pid) in subjects.items():
                with Meter(pid) as meter:
                    answers, rate, p99 = wrk(url, options.seconds, script)
                results[subject].append((meter.seconds / answers, rate, p99, *reference))
    for (label, method), measured in results.items():
        cpu, rate, p99, ref_cpu, ref_rate, _ = (statistics.median(c) for c in zip(*measured))
        rows.append((f"cached answer, {method}, keep-alive ({len(body)} octets){label}",
                     f"nginx static file: {ref_cpu * 1e6:.1f} µs, {ref_rate / 1000:.1f} k/s",
                     f"{cpu * 1e6:.1f} µs, {rate / 1000:.1f} k/s, p99 {p99:.2f} ms",
                     spread(m[0] / m[3] for m in measured), "≤ 0.6 ×"))
    return rows


def spread(ratios):
    ratios = sorted(ratios)
    return f"{statistics.median(ratios):.2f} × ({ratios[0]:.2f}–{ratios[-1]:.2f})"


# ---- imports ----

def write_index(path):
    """An index.txt, half of it revoked. Returns the arguments that import it and how many it has."""
    draw = random.Random(1)
    with open(path, "w", encoding="ascii") as file:
        for n in range(IMPORTED_LINES):
            state = "R\t330101000000Z\t260101000000Z,keyCompromise" if n % 2 else "V\t330101000000Z\t"
            file.write(f"{state}\t5{draw.getrandbits(124):031X}\tunknown\t/CN={n}\n")
    return ["import", "index", path, "--issuer", "Import"], IMPORTED_LINES


def write_bundle(path, ca):
    """A file of certificates with one key, signed by the CA."""
    with open(ca.path("ca.key"), "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    issuer, public = load(ca.certificate).subject, ec.generate_private_key(ec.SECP256R1()).public_key()
    draw, start = random.Random(2), datetime.datetime(2026, 1, 1)
    with open(path, "wb") as file:
        for n in range(IMPORTED_CERTIFICATES):
            name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, str(n))])
            certificate = (x509.CertificateBuilder().issuer_name(issuer).subject_name(name)
                           .public_key(public).serial_number(draw.getrandbits(120) + 1)
                           .not_valid_before(start)
                           .not_valid_after(start + datetime.timedelta(days=3650))
                           .sign(key, hashes.SHA256()))
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
    return ["import", "certs", path], IMPORTED_CERTIFICATES


@contextlib.contextmanager
def empty_database(pg, ca):
    """A connection string of a new database with the schema and one issuer."""
    pg.sql("CREATE DATABASE imports")
    conninfo = f"{pg.conninfo} dbname=imports"
    try:
        harness.stillgood("db", "init", "--database", conninfo)
        harness.stillgood("issuer", "add", ca.certificate, "--name", "Import", "--database", conninfo)
        yield conninfo
    finally:
        pg.sql("DROP DATABASE imports WITH (FORCE)")


def timed(*command):
    start = time.monotonic()
    harness.run(*command)
    return time.monotonic() - start


def rounds_within_limit(options):
    """Numbers of rounds; none that would end later than LIMIT seconds from now if it took as long as the longest."""
    began, longest = time.monotonic(), 0.0
    for n in range(options.rounds):
        start = time.monotonic()
        if start - began + longest > LIMIT:
            return
        yield n
        longest = max(longest, time.monotonic() - start)


def psql(conninfo, *statements):
    return ["psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", conninfo,
            *(word for statement in statements for word in ("-c", statement))]


def one_import(pg, ca, arguments, rows):
    """Seconds of an import, and of a COPY of the rows that it made without our triggers."""
    columns = "(issuer, serial, status, reason, revoked_at, not_after, certificate_hash)"
    with empty_database(pg, ca) as conninfo:
        subject = timed(harness.STILLGOOD, *arguments, "--database", conninfo)
        harness.run(*psql(conninfo, f"\\copy stillgood.certificate {columns} TO '{rows}'"))
    with empty_database(pg, ca) as conninfo:
        reference = timed(*psql(conninfo, "SET session_replication_role = replica",
                                f"\\copy stillgood.certificate {columns} FROM '{rows}'"))
    return subject, reference


def measure_import(pg, folder, options, builds):
    ca = harness.DemoCA(os.path.join(folder, "import-ca"), name="Import", key="P-256")
    rows = []
    for what, (arguments, count) in {
            "an index.txt, half of it revoked": write_index(os.path.join(folder, "index.txt")),
            "certificates, P-256 signatures verified": write_bundle(
                os.path.join(folder, "bundle.pem"), ca)}.items():
        measured = {label: [] for label in builds}
        for _ in range(options.rounds):
            for label, binary in builds.items():
                with build(binary):
                    measured[label].append(
                        one_import(pg, ca, arguments, os.path.join(folder, "rows")))
        for label, pairs in measured.items():
            subject, reference = (statistics.median(column) for column in zip(*pairs))
            rows.append((f"import of {what} ({count:,}){label}", f"COPY: {reference:.2f} s",
                         f"{subject:.2f} s", spread(a / b for a, b in pairs) + " its time",
                         "≤ 2.5 ×"))
    return rows


def postmaster(pg):
    with open(os.path.join(pg.data, "postmaster.pid"), encoding="ascii") as file:
        return int(file.readline())


def measure_live(site, folder, options, algorithm, label, bar):
    measured = []
    with site.responder(os.path.join(folder, "live-" + algorithm)) as responder:
        before, between = site.nonce_parts()
        script = lua_nonces(os.path.join(folder, algorithm + ".lua"), before, site.serials, between)
        probe = before + site.serials[0] + between + b"\x44" * 16
        answer = ocsp.load_der_ocsp_response(responder.post(probe)[1])
        assert answer.certificate_status == ocsp.OCSPCertStatus.GOOD, "the load is not answered good"
        subprocess.run(["taskset", "-apc", SERVER_CORE, str(postmaster(site.pg))], check=False,
                       capture_output=True)
        for pid in children(postmaster(site.pg)):
            subprocess.run(["taskset", "-apc", SERVER_CORE, str(pid)], check=False,
                           capture_output=True)
        for _ in range(options.rounds):
            reference = openssl_speed(algorithm, options.seconds)
            with Meter(responder.process.pid, postmaster(site.pg)) as meter:
                answers, rate, p99 = wrk(responder.url, options.seconds, script)
            measured.append((meter.seconds / answers, rate, p99, reference))
    ratio = statistics.median(m[0] / m[3] for m in measured)
    cpu, rate, p99, reference = (statistics.median(column) for column in zip(*measured))
    return [(f"live answer (nonce), {label}, lookup included",
             f"`openssl speed {algorithm}`: {reference * 1e6:.1f} µs",
             f"{cpu * 1e6:.1f} µs, {rate / 1000:.2f} k/s, p99 {p99:.1f} ms",
             f"{ratio:.2f} ×", bar)]


class KeepAlive:
    """One keep-alive connection that posts one body."""

    def __init__(self, port, body):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.request = (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n"
                        b"Content-Length: %d\r\n\r\n" % len(body)) + body

    def ask(self):
        self.socket.sendall(self.request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        while len(body) < length:
            body += self.socket.recv(65536)
        return body


def one_propagation(site, port, serial, before_after):
    request = before_after[0] + serial + before_after[1]
    connection = KeepAlive(port, request)
    good = connection.ask()
    answer = ocsp.load_der_ocsp_response(good)
    assert answer.certificate_status == ocsp.OCSPCertStatus.GOOD
    site.pg.sql("UPDATE stillgood.certificate SET status = 1, reason = 1, revoked_at = now() "
                "WHERE serial = %s", (serial,))
    committed = time.monotonic()
    while True:
        body = connection.ask()
        seen = time.monotonic()
        if body != good:
            break
        if seen - committed > 10:
            raise SystemExit("a committed revocation was not seen within 10 s")
    answer = ocsp.load_der_ocsp_response(body)
    assert answer.certificate_status == ocsp.OCSPCertStatus.REVOKED, answer.certificate_status
    connection.socket.close()
    return (seen - committed) * 1000


def measure_propagation(site, folder, options, pg, where):
    before, after = site.request().split(b"\x11" * 16)
    count = options.revocations
    with site.responder(os.path.join(folder, "propagation-" + where), pg) as responder:
        times = sorted(one_propagation(site, responder.port, site.serials.pop(), (before, after))
                       for _ in range(count))
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    return [(f"commit of a revocation → first answer that says so, {where}", "—",
             f"median {statistics.median(times):.0f} ms, p99 {p99:.0f} ms ({count} revocations)",
             "—", "p99 ≤ 250 ms")]


@contextlib.contextmanager
def standby_of(pg):
    """A hot standby of the cluster, with the heartbeat running on the primary."""
    standby = harness.Postgres()
    os.rmdir(standby.data) if os.path.isdir(standby.data) else None
    harness.run(*standby._command("pg_basebackup", "-D", standby.data, "-R", "-X", "stream", "-c", "fast",
                                  "-h", pg.folder, "-p", str(pg.port), "-U", "postgres"),
                cwd=standby.folder)
    heartbeat = subprocess.Popen([harness.STILLGOOD, "db", "heartbeat", "--every", "50ms",
                                  "--database", pg.conninfo], stdout=subprocess.DEVNULL)
    try:
        yield standby.start()
    finally:
        heartbeat.terminate()
        heartbeat.wait(timeout=10)
        standby.close()
        standby.stop("immediate")
        shutil.rmtree(standby.folder, ignore_errors=True)


# ---- the table ----

def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*:\s*(.*)", file.read()).group(1)
    openssl = harness.run("openssl", "version").stdout.split()[1]
    server = harness.run(os.path.join(harness.postgres_programs(), "postgres"), "-V").stdout.split()[2]
    version = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr
    return (f"{os.cpu_count()} × {model}, Linux {os.uname().release.split('-')[0]}, "
            f"OpenSSL {openssl}, PostgreSQL {server}, {version.strip().split()[-1]}")


def print_table(rows, options):
    print(f"{machine()}; server's processes on one core, client on the other "
          "(crl and mass: both on both); "
          f"{options.rounds} rounds of {options.seconds} s, medians; ratios are of CPU time per answer, of "
          "imports of time.\n")
    print("| what | reference | Stillgood | ratio (least–most) | bar |")
    print("|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def measure_answers(pg, folder, options):
    rows = []
    harness.stillgood("db", "init", "--database", pg.conninfo)
    rsa = Site(folder, pg, "rsa:2048", "RSA")
    if "cached" in options.only:
        with contextlib.ExitStack() as stack:
            sites = {"": rsa}
            if options.before:
                sites[", before"] = older_site(stack, options.before)
            rows += measure_cached(sites, folder, options)
    if "live" in options.only:
        rows += measure_live(rsa, folder, options, "rsa2048", "RSA-2048", "≤ 1.12 ×")
        elliptic = Site(folder, pg, "P-256", "EC")
        rows += measure_live(elliptic, folder, options, "ecdsap256", "ECDSA P-256", "≤ 1.9 ×")
    if "propagation" in options.only:
        rows += measure_propagation(rsa, folder, options, pg, "primary")
        with standby_of(pg) as standby:
            rows += measure_propagation(rsa, folder, options, standby, "standby")
    return rows


def main():
    import crl  # they use this module themselves
    import mass
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--revocations", type=int, default=200)
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the CRL in the row crl")
    parser.add_argument("--rows", type=int, default=1_000_000, help="that the rows mass revoke")
    kinds = ["cached", "live", "propagation", "import", "crl", "mass"]
    parser.add_argument("--only", nargs="*", default=kinds, choices=kinds)
    parser.add_argument("--before", metavar="BINARY", help="an older build, measured in turns")
    options = parser.parse_args()
    builds = {"": harness.STILLGOOD}
    if options.before:
        builds = {"": harness.STILLGOOD, ", before": os.path.abspath(options.before)}
    rows = []
    with tempfile.TemporaryDirectory(prefix="stillgood-bench-") as folder, \
            harness.Postgres() as pg:
        os.chmod(folder, 0o755)
        if set(options.only) & {"cached", "live", "propagation"}:
            rows += measure_answers(pg, folder, options)
        if "import" in options.only:
            rows += measure_import(pg, folder, options, builds)
        if "crl" in options.only:
            rows += crl.measure_crl(pg, folder, options, builds, options.entries)
        if "mass" in options.only:
            rows += mass.measure_mass(pg, folder, options)
    print_table(rows, options)


def older_site(stack, binary):
    """A site of the older build, with a cluster of its own: its schema may be older too."""
    pg = stack.enter_context(harness.Postgres())
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="stillgood-bench-"))
    os.chmod(folder, 0o755)
    with build(os.path.abspath(binary)):
        harness.stillgood("db", "init", "--database", pg.conninfo)
        return Site(folder, pg, "rsa:2048", "RSA", older=True)


if __name__ == "__main__":
    main()
