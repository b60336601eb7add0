#!/usr/bin/python3
"""Live answers of a database that has just started, with millions of certificates on its disk and none in memory,
beside the same once they are in memory.

    tests/bench/cold.py [--rows N] [--seconds N] [--connections N] [--keep FOLDER] [--disk US]
                        [--before BINARY]

STILLGOOD_BIN is the build to measure (an optimised one), --before an older one. Each round: PostgreSQL is stopped, the
kernel's cache dropped (/proc/sys/vm/drop_caches: it needs root), PostgreSQL and a responder are started, and random
certificates are asked for, each with a nonce. Rounds: cold, by this build and by the older one; cold, and the
responder told to fill the memory first ([database] prewarm), without the extension pg_prewarm and with it; at last
warm. --keep: the database is made there, or used if it is there already; 20 million rows
take some minutes and 2.5 GB. A disk whose host keeps it in memory shows little of all this: the first line says how
fast single pages are read at random; with --disk each read of PostgreSQL that is not in memory waits so long first
(slow_disk.c). Bounded in time, leaves nothing running."""
import argparse
import contextlib
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import bench
import harness

NAME = "Cold"


class Kept(harness.Postgres):
    """A cluster that stays where it is."""

    def __init__(self, folder):
        super().__init__(settings={"max_wal_size": "20GB", "maintenance_work_mem": "512MB", "autovacuum": "off"})
        shutil.rmtree(self.folder)
        self.folder = folder
        self.data = os.path.join(folder, "data")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        if self.running():
            self.stop()


def fill(pg, ca, rows):
    """As a bulk load would: the key is made when the rows are there."""
    database = ["--database", pg.conninfo]
    harness.stillgood("db", "init", *database)
    harness.stillgood("issuer", "add", ca.certificate, "--name", NAME, *database)
    pg.sql("ALTER TABLE stillgood.certificate DROP CONSTRAINT certificate_pkey")
    pg.sql("BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO stillgood.certificate (issuer, serial,"
           " not_after) SELECT 1, '\\x22'::bytea || substr(decode(md5(n::text), 'hex'), 2), now() + interval '1 year'"
           " FROM generate_series(1, %s) AS n; COMMIT", (rows,))
    pg.sql("ALTER TABLE stillgood.certificate ADD CONSTRAINT certificate_pkey PRIMARY KEY (issuer, serial)")
    pg.sql("VACUUM ANALYZE stillgood.certificate")
    pg.sql("CHECKPOINT")


def slow_disk(folder, us):
    """What PostgreSQL inherits from here on."""
    library = os.path.join(folder, "slow_disk.so")
    harness.run("cc", "-O2", "-shared", "-fPIC", "-o", library,
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "slow_disk.c"))
    os.chmod(library, 0o755)
    os.environ["SLOW_DISK_US"] = str(us)
    return library


@contextlib.contextmanager
def preloaded(library):
    if library:
        os.environ["LD_PRELOAD"] = library
    try:
        yield
    finally:
        os.environ.pop("LD_PRELOAD", None)


def serials(pg, rows, count, seed):
    draw = random.Random(seed)
    numbers = [draw.randrange(1, rows + 1) for _ in range(count)]
    return [bytes(row[0]) for row in pg.sql(
        "SELECT '\\x22'::bytea || substr(decode(md5(n::text), 'hex'), 2) FROM unnest(%s) AS n", (numbers,))]


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("3")


def random_reads(pg):
    """Microseconds that one page at random takes, of the key's file, with nothing in memory."""
    path = os.path.join(pg.data, pg.sql("SELECT pg_relation_filepath('stillgood.certificate_pkey')")[0][0])
    drop_caches()
    took = []
    with open(path, "rb", buffering=0) as file:
        size = os.path.getsize(path)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        for _ in range(300):
            began = time.monotonic()
            os.pread(file.fileno(), 8192, random.randrange(size // 8192) * 8192)
            took.append(time.monotonic() - began)
    return statistics.median(took) * 1e6


@contextlib.contextmanager
def responder(folder, pg, ca, **database):
    made = harness.Responder(folder, pg, {NAME: ca}, database={
        "query_timeout": "30s", "freshness": "5m", **database}, server={"answer_timeout": "30s", "drain_timeout": "30s"})
    made.start(ready=False)
    try:
        yield made
    finally:
        made.stop()


def rate(made, script, options, seconds):
    """Answers a second of the first seconds."""
    output = subprocess.run(["wrk", "-t1", f"-c{options.connections}", f"-d{seconds}s", "--timeout", "30s", "-s", script,
                             made.url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output:
        raise SystemExit(f"the load met errors:\n{output}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))


def one_round(pg, ca, folder, label, script, options, cold=True, **database):
    """(label, answers a second, seconds until ready)"""
    if cold:
        pg.stop()
        drop_caches()
        with preloaded(options.library):
            pg.start()
    began = time.monotonic()
    with responder(os.path.join(folder, label.replace(" ", "-")), pg, ca, **database) as made:
        harness.wait_for("readiness", made.ready, 600)
        ready = time.monotonic() - began
        return label, rate(made, script, options, options.seconds), ready


def script_of(folder, name, pg, ca, options, parts):
    before, between = parts
    return bench.lua_nonces(os.path.join(folder, name), before,
                            serials(pg, options.rows, 200_000, name), between)


def request_parts(ca):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509 import ocsp
    good = bench.load(ca.issue("good", serial=int.from_bytes(b"\x11" * 16, "big")))
    builder = ocsp.OCSPRequestBuilder().add_certificate(good, bench.load(ca.certificate), hashes.SHA1())
    builder = builder.add_extension(x509.OCSPNonce(b"\x33" * 16), False)
    before, rest = builder.build().public_bytes(serialization.Encoding.DER).split(b"\x11" * 16)
    return before, rest[:-16]


def rounds(pg, ca, folder, options):
    parts = request_parts(ca)

    def script(name):
        return script_of(folder, name, pg, ca, options, parts)

    pg.sql("DROP EXTENSION IF EXISTS pg_prewarm")
    pg.sql("CHECKPOINT")
    scripts = [script(f"draw{n}") for n in range(5)]
    builds = [("", harness.STILLGOOD)] + ([(", before", os.path.abspath(options.before))] if options.before else [])
    for label, binary in builds:
        with bench.build(binary):
            yield one_round(pg, ca, folder, "cold" + label, scripts[0], options)
    yield one_round(pg, ca, folder, "prewarm, by reading", scripts[1], options, prewarm="yes")
    pg.sql("CREATE EXTENSION pg_prewarm")
    yield one_round(pg, ca, folder, "prewarm, by pg_prewarm", scripts[2], options, prewarm="yes")
    yield one_round(pg, ca, folder, "warm", scripts[2], options, cold=False)


def authority(folder):
    """The same one as in the database that was kept."""
    if os.path.exists(os.path.join(folder, "ca.pem")):
        ca = harness.DemoCA.__new__(harness.DemoCA)
        ca.folder, ca.name, ca._serial = folder, NAME, 0x2000
        ca.certificate, ca.signer_certificate, ca.signer_key = map(ca.path, ("ca.pem", "signer.pem", "signer.key"))
        return ca
    return harness.DemoCA(folder, name=NAME, key="P-256")


def measure(pg, ca, folder, options):
    pg.sql("CHECKPOINT")
    print(f"{options.rows:,} certificates, {options.connections} connections, {options.seconds} s each;"
          f" one page at random takes {random_reads(pg):.0f} us"
          + (f", and {options.disk} us more" if options.disk else ""), flush=True)
    found = []
    for one in rounds(pg, ca, folder, options):
        found.append(one)
        print(f"  {one[0]}: {one[1]:.0f} answers/s, ready after {one[2]:.1f} s", flush=True)
    warm = found[-1][1]
    print("| start | answers of the first seconds, of those when warm | ready after |\n|---|---|---|")
    for label, answers, ready in found:
        print(f"| {label} | {answers / warm:.2f} x | {ready:.1f} s |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--keep", metavar="FOLDER")
    parser.add_argument("--disk", type=int, metavar="US", help="of a slow disk, made up")
    parser.add_argument("--before", metavar="BINARY", help="an older build")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("cold.py: only root may drop the kernel's cache")
    with tempfile.TemporaryDirectory(prefix="stillgood-cold-") as folder:
        os.chmod(folder, 0o755)
        place = os.path.abspath(options.keep or os.path.join(folder, "pg"))
        made = os.path.isdir(os.path.join(place, "data"))
        os.makedirs(place, mode=0o755, exist_ok=True)
        shutil.chown(place, "postgres", "postgres")
        pg = Kept(place)
        if not made:
            pg.initialise()
        with pg:
            ca = authority(os.path.join(place, "ca"))
            if not made:
                fill(pg.start(), ca, options.rows)
                pg.stop()
            options.library = slow_disk(folder, options.disk) if options.disk else None
            pg.start()
            measure(pg, ca, folder, options)


if __name__ == "__main__":
    main()
