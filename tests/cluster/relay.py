"""A slow way: relays connections that a firewall rule redirects here, each piece after 40 to 120 ms, one in fifty
after a second more, as after a lost packet; the order is kept, as TCP keeps it. (Not every kernel has netem.)

    relay.py PORT MARK"""
import queue
import random
import socket
import struct
import sys
import threading
import time

SO_ORIGINAL_DST = 80


def delay():
    return random.uniform(0.04, 0.12) + (1.0 if random.random() < 0.02 else 0.0)


def passes_on(pieces, sink):
    while True:
        due, piece = pieces.get()
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            if not piece:
                sink.shutdown(socket.SHUT_WR)
                return
            sink.sendall(piece)
        except OSError:
            return


def listens(source, sink):
    pieces = queue.Queue()
    threading.Thread(target=passes_on, args=(pieces, sink), daemon=True).start()
    piece = b"-"
    while piece:
        try:
            piece = source.recv(65536)
        except OSError:
            piece = b""
        pieces.put((time.monotonic() + delay(), piece))


def relay(client, mark):
    address = client.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
    port, host = struct.unpack("!2xH4s8x", address)
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
    try:
        server.connect((socket.inet_ntoa(host), port))
    except OSError:
        client.close()
        return
    threading.Thread(target=listens, args=(server, client), daemon=True).start()
    listens(client, server)


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    while True:
        client, _ = listener.accept()
        threading.Thread(target=relay, args=(client, int(sys.argv[2])), daemon=True).start()


if __name__ == "__main__":
    main()
