"""A PgBouncer between a responder and its database."""
import os
import socket
import subprocess
import tempfile

import harness
from harness import wait_for


class Pooler:
    """Of this cluster; whoever comes is `user` there. Use it as a context."""

    def __init__(self, folder, pg, mode, user="postgres", dbname="postgres"):
        self.folder = tempfile.mkdtemp(prefix="pooler-", dir=folder)
        os.chmod(self.folder, 0o777)
        os.chmod(folder, 0o755)
        self.pg, self.user, self.dbname = pg, user, dbname
        self.port = harness.free_port()
        self.conf = os.path.join(self.folder, "pgbouncer.ini")
        self.conninfo = f"host=127.0.0.1 port={self.port} dbname={dbname} user={user}"
        self.write(mode)
        self.start()

    def write(self, mode):
        """Its file; RELOAD on its console tells it."""
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(f"""[databases]
* = host={self.pg.folder} port={self.pg.port} user={self.user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = any
admin_users = postgres
pool_mode = {mode}
default_pool_size = 8
ignore_startup_parameters = extra_float_digits,options
logfile = {self.folder}/log
pidfile = {self.folder}/pid
""")

    def start(self):
        self.process = subprocess.Popen(harness.as_postgres("pgbouncer", self.conf),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("PgBouncer", self.answers)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def answers(self):
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def tell(self, command):
        """On its console; the process."""
        return subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
                                 "-d", "pgbouncer", "-c", command], stdout=subprocess.PIPE, text=True)

    def paused(self):
        """Last but one of the columns; its console itself is never paused."""
        return any(line.split("|")[-2] == "1" for line in self.tell("SHOW DATABASES").communicate()[0].splitlines())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
