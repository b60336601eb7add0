"""A way to PostgreSQL on which much takes long, and little does not: each connection carries so many octets a second to the
responder beyond a first few, while it is slow."""
import os
import shutil
import socket
import tempfile
import threading
import time

BURST = 64 * 1024
PIECE = 16 * 1024


class SlowWay:
    """`with SlowWay(pg, rate) as way:`; `way.through(conninfo)` leads over it; slow() and fast()."""

    def __init__(self, pg, rate):
        self.pg, self.rate, self.quick = pg, rate, threading.Event()
        self.quick.set()
        self.folder = tempfile.mkdtemp(prefix="stillgood-way-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        name = f".s.PGSQL.{pg.port}"
        self.target = os.path.join(pg.folder, name)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(self.folder, name))
        os.chmod(os.path.join(self.folder, name), 0o777)
        self.listener.listen(64)

    def through(self, conninfo):
        return conninfo.replace(f"host={self.pg.folder}", f"host={self.folder}")

    def slow(self):
        self.quick.clear()

    def fast(self):
        self.quick.set()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.target)
            except OSError:
                client.close()
                continue
            for source, sink, slows in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._carry, args=(source, sink, slows), daemon=True).start()

    def _carry(self, source, sink, slows):
        """What it may carry now grows with time, up to a burst."""
        may, since = BURST, time.monotonic()
        while True:
            try:
                piece = source.recv(PIECE)
                if not piece:
                    break
                now = time.monotonic()
                may, since = min(BURST, may + (now - since) * self.rate) - len(piece), now
                if slows and may < 0:
                    self.quick.wait(-may / self.rate)
                sink.sendall(piece)
            except OSError:
                break
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.fast()
        self.listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)
