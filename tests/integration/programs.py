"""Programs beside a responder, with the configurations that conf/ shows."""
import os
import socket
import subprocess

import harness


def example(name, replacements):
    with open(os.path.join(harness.ROOT, "conf", name), encoding="utf-8") as file:
        text = file.read()
    for old, new in replacements.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


class Program:
    """Use it as a context. It keeps its port when it is started again."""

    program = None

    def __init__(self, folder):
        self.folder = os.path.join(str(folder), self.program)
        os.makedirs(self.folder, exist_ok=True)
        self.port = harness.free_port()
        self.log_path = os.path.join(self.folder, "log")
        self.process = None

    def command(self):
        raise NotImplementedError

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def _accepts(self):
        assert self.process.poll() is None, self.log()
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        harness.wait_for(self.program, self._accepts)
        return self

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=harness.DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            if self.process:
                self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def nginx(self, text):
        """Its command, around this text of its http section."""
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        main = self.file("nginx.conf", f"daemon off;\npid {self.folder}/pid;\nerror_log {self.log_path} warn;\n"
                         f"worker_processes 1;\nuser root;\nevents {{ worker_connections 512; }}\n"
                         f"http {{\naccess_log off;\n{temporary}{text}}}\n")
        return ["nginx", "-p", self.folder, "-e", self.log_path, "-c", main]
