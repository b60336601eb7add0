#!/usr/bin/python3
"""Import of a CRL with a million entries, and of the one that follows it, beside COPY of the same rows into the same
table without our triggers, in the same run.

    tests/bench/crl.py [--entries N] [--rounds N] [--before BINARY]

STILLGOOD_BIN is the build to measure (an optimised one), --before an older one, measured in turns. Bounded in time,
leaves nothing running."""
import argparse
import os
import random
import statistics
import tempfile

import bench
import crls
import harness

NEW = 1000  # entries that the second one has and the first had not


def write_crls(folder, ca, count):
    """The paths of one with so many entries, half of them with a reason, and of the next."""
    draw = random.Random(3)
    entries = [crls.entry(draw.getrandbits(120) + 1, reason="keyCompromise" if n % 2 else None)
               for n in range(count + NEW)]
    return [crls.write(folder, f"{number}.crl", crls.crl(ca, entries[:last], number=number, since=number - 60))
            for number, last in ((1, count), (2, count + NEW))]


def one_round(pg, ca, paths, rows):
    """Seconds of the import, of the next CRL's, and of COPY of the first one's rows."""
    columns = "(issuer, serial, status, reason, revoked_at, invalidity_at, crl)"
    with bench.empty_database(pg, ca) as conninfo:
        first = bench.timed(harness.STILLGOOD, "import", "crl", paths[0], "--database", conninfo)
        harness.run(*bench.psql(conninfo, f"\\copy stillgood.certificate {columns} TO '{rows}'"))
        second = bench.timed(harness.STILLGOOD, "import", "crl", paths[1], "--database", conninfo)
    with bench.empty_database(pg, ca) as conninfo:
        reference = bench.timed(*bench.psql(conninfo, "SET session_replication_role = replica",
                                            f"\\copy stillgood.certificate {columns} FROM '{rows}'"))
    return first, second, reference


def measure_crl(pg, folder, options, builds, count=1_000_000):
    """Rows of the performance table."""
    ca = harness.DemoCA(os.path.join(folder, "crl-ca"), name="Import", key="P-256")
    paths, rows = write_crls(folder, ca, count), []
    measured = {label: [] for label in builds}
    for _ in bench.rounds_within_limit(options):
        for label, binary in builds.items():
            with bench.build(binary):
                measured[label].append(one_round(pg, ca, paths, os.path.join(folder, "rows")))
    for label, rounds in measured.items():
        first, second, reference = (statistics.median(column) for column in zip(*rounds))
        for what, seconds, column, bar in ((f"a CRL ({count:,} entries)", first, 0, "≤ 2.5 ×"),
                                           (f"the next one ({NEW:,} of them new)", second, 1, "—")):
            rows.append((f"import of {what}{label}", f"COPY: {reference:.2f} s", f"{seconds:.2f} s",
                         bench.spread(one[column] / one[2] for one in rounds) + " its time", bar))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--before", metavar="BINARY", help="an older build, measured in turns")
    options = parser.parse_args()
    builds = {"": harness.STILLGOOD}
    if options.before:
        builds[", before"] = os.path.abspath(options.before)
    with tempfile.TemporaryDirectory(prefix="stillgood-bench-") as folder, harness.Postgres() as pg:
        os.chmod(folder, 0o755)
        for row in measure_crl(pg, folder, options, builds, options.entries):
            print(" | ".join(row))


if __name__ == "__main__":
    main()
