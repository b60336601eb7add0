"""Machines of a cluster: network namespaces on one switch. Whoever uses this is in a network, mount and process
namespace of its own (tests/cluster/run), so that nothing of it is to be seen, or left, outside."""
import os
import signal
import subprocess

import harness

HERE = "192.0.2.1"


def ip(*words):
    harness.run("ip", *words)


def switch():
    """What all machines are plugged into; this process has an address there too."""
    ip("link", "set", "lo", "up")
    ip("link", "add", "switch", "type", "bridge")
    ip("link", "set", "switch", "up")
    ip("addr", "add", f"{HERE}/24", "dev", "switch")


class Machine:
    """One of them: a folder, an address, processes that live in its namespace, and a firewall."""

    def __init__(self, folder, name, number):
        self.name, self.address = name, f"192.0.2.{number}"
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        ip("netns", "add", name)
        ip("link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", f"to-{name}", "master", "switch", "up")
        for words in (("link", "set", "lo", "up"), ("link", "set", "eth0", "up"),
                      ("addr", "add", f"{self.address}/24", "dev", "eth0")):
            ip("-n", name, *words)

    def path(self, name):
        return os.path.join(self.folder, name)

    def file(self, name, text, owner=None, mode=0o644):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        if owner:
            harness.shutil.chown(path, owner, owner)
        return path

    def inside(self, *command):
        return ["nsenter", f"--net=/run/netns/{self.name}", "--", *command]

    def start(self, log, *command, **options):
        with open(self.path(log), "ab") as file:
            return subprocess.Popen(self.inside(*command), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                    start_new_session=True, **options)

    def run(self, *command, **options):
        return harness.run(*self.inside(*command), **options)

    def processes(self):
        return [int(pid) for pid in harness.run("ip", "netns", "pids", self.name).stdout.split()]

    def kill(self):
        """All that runs there ends at once, as when its plug is pulled."""
        while pids := self.processes():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    # ---- its firewall ----

    def _rules(self, text):
        self.run("nft", "-f", "-", input=text)

    def cut(self, *but):
        """Packets from and to everybody vanish, but for these addresses."""
        let = ", ".join((HERE, self.address, *but))
        self._rules(f"""table inet cut {{
            chain in {{ type filter hook input priority 0; iifname "eth0" ip saddr != {{ {let} }} drop; }}
            chain out {{ type filter hook output priority 0; oifname "eth0" ip daddr != {{ {let} }} drop; }}
        }}""")

    def cut_from(self, *addresses, port=None):
        """Packets from and to these vanish; only those from and to this port of theirs, where one is named."""
        them = ", ".join(addresses)
        there, back = (f"tcp dport {port}", f"tcp sport {port}") if port else ("", "")
        self._rules(f"""table inet cut {{
            chain in {{ type filter hook input priority 0; ip saddr {{ {them} }} {back} drop; }}
            chain out {{ type filter hook output priority 0; ip daddr {{ {them} }} {there} drop; }}
        }}""")

    def detour(self, port):
        """Connections to any PostgreSQL go through a slow relay here (relay.py); the process."""
        mark = 7
        process = self.start("relay.log", "/usr/bin/python3", os.path.join(os.path.dirname(__file__), "relay.py"),
                             str(port), str(mark))
        self._rules(f"""table ip cut {{
            chain out {{ type nat hook output priority -100; tcp dport 5432 meta mark != {mark} redirect to :{port}; }}
        }}""")
        return process

    def direct(self, process):
        self._rules("delete table ip cut")
        process.kill()
        process.wait()

    def heal(self):
        self._rules("delete table inet cut")
