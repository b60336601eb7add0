"""What the processes of instances take, and how long they make each kind of question wait, every few seconds."""
import collections
import contextlib
import os
import statistics
import threading
import time

import slopes

EVERY = 2.0  # seconds


def measured(pid):
    """{quantity: value} of a process; none where it has ended. Memory: what is its own, in KiB."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            fields = dict(line.split(":", 1) for line in file)
        return {"memory": sum(int(fields[name].split()[0]) for name in ("RssAnon", "RssShmem")),
                "descriptors": len(os.listdir(f"/proc/{pid}/fd"))}
    except (OSError, KeyError):
        return {}


def folder_size(path):
    """In KiB."""
    size = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                size += os.path.getsize(os.path.join(folder, name))
    return size / 1024


class Sampler(threading.Thread):
    """`series[part, quantity]`: [slopes.Sample]. parts() gives {part: pid}, others() {(part, quantity): value}; probes
    are told of by took()."""

    def __init__(self, parts, others):
        super().__init__(daemon=True)
        self.parts, self.others, self.ended = parts, others, threading.Event()
        self.series = collections.defaultdict(list)
        self.lock, self.waited = threading.Lock(), collections.defaultdict(list)

    def took(self, part, kind, milliseconds):
        with self.lock:
            self.waited[part, kind].append(milliseconds)

    def sample(self):
        at = time.monotonic()

        def add(part, quantity, value, life=0):
            self.series[part, quantity].append(slopes.Sample(life, at, value))
        for part, pid in self.parts().items():
            for quantity, value in measured(pid).items():
                add(part, quantity, value, pid)
        for (part, quantity), value in self.others().items():
            add(part, quantity, value)
        with self.lock:
            waited, self.waited = self.waited, collections.defaultdict(list)
        for (part, kind), times in waited.items():
            add(part, kind, statistics.median(times))

    def run(self):
        while not self.ended.wait(EVERY):
            self.sample()
