"""A relay between a client and a responder that keeps what the client sent, byte for byte.

    with Wiretap(responder.port) as tap:
        ... a client asks tap.url ...
        tap.requests()      # [(method, path, headers, body), …] in the order of the connections
"""
import contextlib
import socket
import threading

SECONDS = 120


class Wiretap:
    """Relays loopback connections to a port of this machine. Each has SECONDS to get on."""

    def __init__(self, port):
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sent = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client):
        sent = bytearray()
        self._sent.append(sent)
        with client, socket.create_connection(self._to, timeout=SECONDS) as server:
            client.settimeout(SECONDS)
            back = threading.Thread(target=_pump, args=(server, client, None), daemon=True)
            back.start()
            _pump(client, server, sent)
            back.join(SECONDS)

    def requests(self):
        """What was asked so far; several requests of one connection are told apart."""
        return [request for sent in self._sent for request in _split(bytes(sent))]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        # A blocked accept() does not notice close(); it does notice shutdown().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(SECONDS)


def _pump(source, sink, copy):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if copy is not None:
                copy += data
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def _split(sent):
    """Requests with a Content-Length or without a body; nothing else is sent by these clients."""
    while sent:
        head, _, sent = sent.partition(b"\r\n\r\n")
        line, *fields = head.decode("ascii").split("\r\n")
        method, path, _ = line.split(" ")
        headers = {name.lower(): value.strip() for name, value in
                   (field.split(":", 1) for field in fields)}
        length = int(headers.get("content-length", 0))
        yield method, path, headers, sent[:length]
        sent = sent[length:]
