"""A cache is filled quickly: several connections, on each of them many questions under way (HTTP pipelining)."""
import concurrent.futures
import socket

import harness

CONNECTIONS = 8
UNDER_WAY = 32


class Filler:
    """One connection, and another one where the cache ends it, as nginx does after a thousand. Each answer must be one
    that a cache may keep: it bears an ETag."""

    def __init__(self, port):
        self.port, self.socket = port, None

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=harness.DEADLINE,
                                               source_address=("127.0.0.2", 0))
        self.replies = self.socket.makefile("rb")

    def close(self):
        if self.socket:
            self.replies.close()
            self.socket.close()
        self.socket = None

    def ask(self, paths):
        while paths:
            if not self.socket:
                self.connect()
            self.socket.sendall(b"".join(b"GET %s HTTP/1.1\r\nHost: cache\r\n\r\n" % path.encode()
                                         for path in paths))
            answered = 0
            while answered < len(paths) and self.socket:
                answered += 1
                if self.take(paths[answered - 1]):
                    self.close()
            paths = paths[answered:]

    def take(self, path):
        """Whether it was the connection's last."""
        status = self.replies.readline()
        fields = {}
        for line in iter(self.replies.readline, b"\r\n"):
            assert line, f"{path}: the connection was closed"
            name, _, value = line.partition(b":")
            fields[name.lower()] = value.strip()
        body = self.replies.read(int(fields[b"content-length"]))
        assert status.split()[1] == b"200" and b"etag" in fields, (path, status, fields, body)
        return fields.get(b"connection") == b"close"


def fill(port, paths):
    """Each once."""
    def some(part):
        filler = Filler(port)
        try:
            for since in range(0, len(part), UNDER_WAY):
                filler.ask(part[since:since + UNDER_WAY])
        finally:
            filler.close()
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        for done in [pool.submit(some, paths[i::CONNECTIONS]) for i in range(CONNECTIONS)]:
            done.result()
