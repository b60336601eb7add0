"""The load balancers, with the configurations that conf/ shows."""
import os
import socket
import subprocess

import harness

EXAMPLES = os.path.join(harness.ROOT, "conf")


def example(name, replacements):
    with open(os.path.join(EXAMPLES, name), encoding="utf-8") as file:
        text = file.read()
    for old, new in replacements.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


class Proxy:
    """Use it as a context."""

    program = None

    def __init__(self, folder, backends):
        self.folder = os.path.join(str(folder), self.program)
        os.makedirs(self.folder, exist_ok=True)
        self.backends = backends
        self.port = harness.free_port()
        self.log_path = os.path.join(self.folder, "log")
        self.process = None

    def command(self):
        raise NotImplementedError

    def sees(self, index):
        """Whether it would ask this instance."""
        raise NotImplementedError

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def _accepts(self):
        assert self.process.poll() is None, self.log()
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def __enter__(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)
        try:
            harness.wait_for(self.program, self._accepts)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=harness.DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


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
        text = example("nginx.conf.example", {
            "listen 80": f"listen 127.0.0.1:{self.port}",
            "192.0.2.11:8080": f"127.0.0.1:{self.backends[0]}",
            "192.0.2.12:8080": f"127.0.0.1:{self.backends[1]}"})
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        main = self.file("nginx.conf", f"daemon off;\npid {self.folder}/pid;\n"
                         f"error_log {self.log_path} warn;\nworker_processes 1;\nuser root;\n"
                         f"events {{ worker_connections 512; }}\nhttp {{\naccess_log off;\n"
                         f"{temporary}{text}}}\n")
        return ["nginx", "-p", self.folder, "-e", self.log_path, "-c", main]

    def sees(self, index):
        return True  # it asks everybody, and the next one where somebody lets nobody in


PROXIES = {"haproxy": Haproxy, "nginx": Nginx}
