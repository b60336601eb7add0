"""The load balancers, with the configurations that conf/ shows."""
import os
import socket

from programs import Program, example


class Proxy(Program):
    def __init__(self, folder, backends):
        super().__init__(folder)
        self.backends = backends

    def sees(self, index):
        """Whether it would ask this instance."""
        raise NotImplementedError


class Haproxy(Proxy):
    program = "haproxy"

    def __init__(self, folder, backends):
        super().__init__(folder, backends)
        self.socket = os.path.join(self.folder, "stats")

    def command(self):
        text = example("haproxy.cfg.example", {
            "maxconn 20000": f"maxconn 200\n\tstats socket {self.socket} mode 600",
            "bind :80": f"bind 127.0.0.1:{self.port}",
            "inter 1s": "inter 200ms",
            "192.0.2.11:8080": f"127.0.0.1:{self.backends[0]}",
            "192.0.2.12:8080": f"127.0.0.1:{self.backends[1]}"})
        return ["haproxy", "-db", "-f", self.file("haproxy.cfg", text)]

    def sees(self, index):
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(self.socket)
            except OSError:  # its ports are open before it
                return False
            client.sendall(b"show stat\n")
            lines = client.makefile(encoding="utf-8").read().splitlines()
        name = ("first", "second")[index]
        row = next(line for line in lines if line.startswith(f"stillgood,{name},"))
        return row.split(",")[17] == "UP"


class Nginx(Proxy):
    program = "nginx"

    def command(self):
        return self.nginx(example("nginx.conf.example", {
            "listen 80": f"listen 127.0.0.1:{self.port}",
            "192.0.2.11:8080": f"127.0.0.1:{self.backends[0]}",
            "192.0.2.12:8080": f"127.0.0.1:{self.backends[1]}"}))

    def sees(self, index):
        return True  # it asks everybody, and the next one where somebody lets nobody in


PROXIES = {"haproxy": Haproxy, "nginx": Nginx}
