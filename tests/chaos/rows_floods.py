"""Floods, hostile clients, and a machine under pressure: rows 13, 23 to 25, 29, 48."""
import contextlib
import os
import random
import socket
import subprocess
import threading
import time

from rows import row
from rows_rooms import kill, rooms
from service import authority

STRANGER = "127.0.0.9"  # not the address of those who are counted


@contextlib.contextmanager
def program(*words):
    """Ended by its number."""
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


WRK = """
local before, after = %s, %s
math.randomseed(%d)
request = function()
	local serial = string.char(math.random(64, 126), math.random(0, 255), math.random(0, 255), math.random(0, 255))
	local body = before .. serial .. after:gsub("NONCENONCENONCEN", function()
		local octets = {}
		for i = 1, 16 do octets[i] = string.char(math.random(0, 255)) end
		return table.concat(octets)
	end)
	return wrk.format("POST", "/", {["Content-Type"] = "application/ocsp-request"}, body)
end
"""


def lua(octets):
    return '"' + "".join(f"\\{octet:03d}" for octet in octets) + '"'


@contextlib.contextmanager
def flood(world, name, nonce, connections=32):
    """wrk with random serial numbers, from one address."""
    asked = authority("A").question(0x41424344, b"NONCENONCENONCEN" if nonce else False)
    before, after = asked.split(b"\x41\x42\x43\x44")
    script = os.path.join(world.folder, "flood.lua")
    with open(script, "w", encoding="ascii") as file:
        file.write(WRK % (lua(before), lua(after), 7))
    with program("wrk", "-t1", f"-c{connections}", "-d600s", "-s", script,
                 f"http://127.0.0.1:{world.instances[name].responder.port}/"):
        yield


@row(23, "floods: nonces, random serial numbers", lasts=40)
def floods(world):
    """Whoever is not served is told so, in time; the others' answers stay right."""
    with world.fault("flood of serial numbers"):
        with flood(world, "primary", nonce=False):
            world.last(8)
    with world.fault("flood of nonces"):
        with flood(world, "standby", nonce=True):
            world.last(8)


@row(13, "everything lost at full load", lasts=40)
def all_lost(world):
    with world.fault("all lost", silent=True), flood(world, "primary", nonce=False, connections=8):
        for _ in range(3):
            for kind in ("front", "ledger"):
                for instance in world.instances.values():
                    for pid in rooms(instance, kind).values():
                        kill(pid)
            world.last(3)


def post(body):
    return (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\nContent-Length: %d\r\n\r\n"
            % len(body)) + body


def hostile(chooser):
    """A request that was spoilt somewhere, or noise."""
    whole = bytearray(authority("A").question(0x1000, nonce=True))
    for _ in range(chooser.randrange(1, 6)):
        whole[chooser.randrange(len(whole))] = chooser.randrange(256)
    return chooser.choice([post(bytes(whole)), post(chooser.randbytes(chooser.randrange(4000))),
                           chooser.randbytes(2000), b"GET /" + chooser.randbytes(300) + b" HTTP/1.1\r\n\r\n",
                           post(b"\x30\x80" * 1000)])


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(STRANGER, 0))


@row(24, "hostile requests")
def hostile_requests(world):
    """No fault for anybody else."""
    chooser, end = random.Random(24), time.monotonic() + 12
    with world.fault("hostile requests", instances=[]):
        while time.monotonic() < end:
            for instance in world.instances.values():
                with contextlib.suppress(OSError), connect(instance.responder.port) as s:
                    s.sendall(hostile(chooser))
                    s.settimeout(0.05)
                    s.recv(4096)


@row(25, "slow heads, bodies and readers, idle connections")
def slow_clients(world):
    """No fault for anybody else."""
    with world.fault("slow clients", instances=[]), contextlib.ExitStack() as stack:
        slow = []
        for instance in world.instances.values():
            for _ in range(150):
                with contextlib.suppress(OSError):
                    slow.append(stack.enter_context(connect(instance.responder.port)))
        whole = post(authority("A").question(0x1000))
        for i in range(14):
            for number, s in enumerate(slow):
                with contextlib.suppress(OSError):
                    if number % 3:  # every third is idle
                        s.sendall(whole[i * 5:i * 5 + number % 5])
            world.last(1)


@row(48, "clients that pipeline requests with nonces and never read")
def never_read(world):
    with world.fault("clients that never read", instances=[]), contextlib.ExitStack() as stack:
        def send(port):
            with contextlib.suppress(OSError), connect(port) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                while not over.is_set():
                    s.sendall(post(authority("A").question(0x1000, nonce=True)) * 20)
        over = threading.Event()
        threads = [threading.Thread(target=send, args=(instance.responder.port,), daemon=True)
                   for instance in world.instances.values() for _ in range(4)]
        for thread in threads:
            thread.start()
        stack.callback(over.set)
        world.last(12)


@row(29, "memory pressure, both cores starved", lasts=45)
def starved(world):
    """Nothing is owed in time but what is true; nobody is killed for being slow."""
    with world.fault("stress", silent=True):
        with program("stress-ng", "--cpu", "4", "--vm", "1", "--vm-bytes", "256M", "--io", "2"):
            world.last(15)
    for name, instance in world.instances.items():
        assert "is killed" not in instance.log(), (name, "was taken for hung")
