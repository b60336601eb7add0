"""What is recorded while faults are caused: events of checker.py, from many threads."""
import contextlib
import json
import threading
import time

STALL = 1.0  # seconds by which a sleeper may wake too late before its machine is said to have no time


class Fault:
    """One that lasts; `with fault.unproven():` while nothing newer can be proven."""

    def __init__(self, event):
        self.event = event

    @contextlib.contextmanager
    def unproven(self):
        begin = time.time()
        yield
        self.event["unproven"] = [begin, time.time()]


class History:
    def __init__(self):
        self.events = []
        self.begun = time.time()

    def add(self, kind, **fields):
        event = {"e": kind, **fields}
        self.events.append(event)
        return event

    @contextlib.contextmanager
    def fault(self, name, instances=None, cas=None, silent=False, clock=False):
        """Recorded when it is over, for only then its end is known."""
        event = {"e": "fault", "name": name, "begin": time.time(), "instances": instances, "cas": cas,
                 "silent": silent, "clock": clock}
        try:
            yield Fault(event)
        finally:
            event["end"] = time.time()
            self.events.append(event)

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            for event in list(self.events):
                file.write(json.dumps(event) + "\n")


class Weather(threading.Thread):
    """Sees when this machine gives nobody any time, which is no fault of what is tested here."""

    def __init__(self, history):
        super().__init__(daemon=True)
        self.history, self.ended = history, threading.Event()
        self.lost = 0.0

    def run(self):
        before = time.monotonic()
        while not self.ended.wait(0.05):
            now = time.monotonic()
            late = now - before - 0.05
            before = now
            if late > STALL:
                self.lost += late
                self.history.add("fault", name="this machine had no time", begin=time.time() - late - 0.05,
                                 end=time.time(), silent=True, weather=True)
