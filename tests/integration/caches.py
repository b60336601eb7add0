"""HTTP caches in front of a responder: real ones, with the configurations that conf/ shows, and one of our own that
does what it is told to, or does not."""
import http.client
import http.server
import os
import threading

import harness
from programs import Program, example


class Cache(Program):
    def __init__(self, folder, backend):
        super().__init__(folder)
        self.backend = backend

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"


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
        return self.nginx(example("nginx-cache.conf.example", {
            "listen 80;": f"listen 127.0.0.1:{self.port};",
            "http://192.0.2.11:8080": f"http://127.0.0.1:{self.backend}",
            "192.0.2.11 1;": "127.0.0.1 1;",
            "allow 192.0.2.11;": "allow 127.0.0.1;",
            "/var/cache/nginx/stillgood": f"{self.folder}/cache"}))


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
