"""An HTTP proxy by which a host reaches others: a thread. Whatever name it is asked for, it leads to one server."""
import http.client
import http.server
import socket
import threading
import urllib.parse


class ForwardProxy(http.server.ThreadingHTTPServer):
    """`asked`: each target. `refuses`: the status that it answers instead."""
    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port, self.asked, self.refuses = port, [], None
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)

    def url(self, host="127.0.0.1"):
        return f"http://{host}:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        """Clients may go away in the middle."""

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def pour(source, sink):
    """Until one of the two ends."""
    try:
        while octets := source.recv(65536):
            sink.sendall(octets)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """Says nothing."""

    def refused(self):
        self.server.asked.append(self.path)
        if self.server.refuses:
            self.send_response(self.server.refuses)
            self.send_header("Content-Length", "0")
            self.end_headers()
        return bool(self.server.refuses)

    def do_GET(self):  # pylint: disable=invalid-name
        if self.refused():
            return
        there = http.client.HTTPConnection("127.0.0.1", self.server.port)
        there.request("GET", urllib.parse.urlsplit(self.path).path, headers=dict(self.headers))
        reply = there.getresponse()
        body = reply.read()
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name not in ("Server", "Date"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self):  # pylint: disable=invalid-name
        if self.refused():
            return
        self.close_connection = True
        with socket.create_connection(("127.0.0.1", self.server.port)) as there:
            self.send_response(200)
            self.end_headers()
            threading.Thread(target=pour, args=(there, self.connection), daemon=True).start()
            pour(self.connection, there)
