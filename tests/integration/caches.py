"""HTTP caches in front of a responder: real ones, with the configurations that conf/ shows, and one of our own that
does what it is told to, or does not."""
import http.client
import http.server
import os
import socket
import subprocess
import threading

import harness


def example(name, replacements):
    with open(os.path.join(harness.ROOT, "conf", name), encoding="utf-8") as file:
        text = file.read()
    for old, new in replacements.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


class Cache:
    """Use it as a context. It keeps its port when it is started again."""

    program = None

    def __init__(self, folder, backend):
        self.folder = os.path.join(str(folder), self.program)
        os.makedirs(self.folder, exist_ok=True)
        self.backend = backend
        self.port = harness.free_port()
        self.log_path = os.path.join(self.folder, "log")
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def command(self):
        raise NotImplementedError

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def _accepts(self):
        assert self.process.poll() is None, self.log()
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        harness.wait_for(self.program, self._accepts)
        return self

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=harness.DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()


def get(port, path, method="GET", headers=None):
    """Status, fields and body, for a client of another address than the instance's."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.DEADLINE,
                                            source_address=("127.0.0.2", 0))
    try:
        connection.request(method, path, headers=headers or {})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


class Varnish(Cache):
    program = "varnishd"
    storage = "256m"

    def command(self):
        text = example("varnish.vcl.example", {
            '"192.0.2.11";\n\t.port = "8080"': f'"127.0.0.1";\n\t.port = "{self.backend}"',
            '\t"192.0.2.11";\n}': '\t"127.0.0.1";\n}'})
        return ["varnishd", "-F", "-a", f"127.0.0.1:{self.port}", "-n", os.path.join(self.folder, "n"),
                "-f", self.file("vcl", text), "-s", f"malloc,{self.storage}", "-j", "none"]


class Nginx(Cache):
    program = "nginx"

    def command(self):
        text = example("nginx-cache.conf.example", {
            "listen 80;": f"listen 127.0.0.1:{self.port};",
            "http://192.0.2.11:8080": f"http://127.0.0.1:{self.backend}",
            "192.0.2.11 1;": "127.0.0.1 1;",
            "allow 192.0.2.11;": "allow 127.0.0.1;",
            "/var/cache/nginx/stillgood": f"{self.folder}/cache"})
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        main = self.file("nginx.conf", f"daemon off;\npid {self.folder}/pid;\nerror_log {self.log_path} warn;\n"
                         f"worker_processes 1;\nuser root;\nevents {{ worker_connections 512; }}\n"
                         f"http {{\naccess_log off;\n{temporary}{text}}}\n")
        return ["nginx", "-p", self.folder, "-e", self.log_path, "-c", main]


class Fake:
    """Answers what `answer` gives for each request: a status, or one of NONSENSE, CUT, NEVER. What was asked is in
    `asked`: method, path, fields, body. Use it as a context."""

    NONSENSE, CUT, NEVER = "nonsense", "cut", "never"

    def __init__(self, answer=lambda asked: 200):
        self.answer, self.asked = answer, []
        self.ended = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def tell(self):
                size = int(self.headers.get("Content-Length") or 0)
                asked = (self.command, self.path, dict(self.headers), self.rfile.read(size).decode())
                outer.asked.append(asked)
                what = outer.answer(asked)
                if what == Fake.NEVER:
                    outer.ended.wait(harness.DEADLINE)
                elif what == Fake.NONSENSE:
                    self.wfile.write(b"what?\r\n\r\n")
                elif what == Fake.CUT:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
                else:
                    self.send_response(what)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.close_connection = True

            do_PURGE = do_POST = do_GET = tell

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
