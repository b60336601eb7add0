#!/usr/bin/python3
"""Import of a CRL with a million entries, and of the one that follows it, beside COPY of the same rows into the same
table without our triggers, in the same run: as the CRL lists them, and sorted for the index, as the import does.

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
    """The paths of one with so many entries, half of them with a reason, and of the next; the first one's serials."""
    draw = random.Random(3)
    serials = [draw.getrandbits(120) + 1 for _ in range(count + NEW)]
    entries = [crls.entry(serial, reason="keyCompromise" if n % 2 else None) for n, serial in enumerate(serials)]
    paths = [crls.write(folder, f"{number}.crl", crls.crl(ca, entries[:last], number=number, since=number - 60))
             for number, last in ((1, count), (2, count + NEW))]
    return paths, serials[:count]


def as_listed(path, serials):
    """The path of the same rows as the CRL has them, not as the import sorted them."""
    with open(path, encoding="ascii") as file:
        rows = {int(line.split("\t", 2)[1].lstrip("\\x"), 16): line for line in file}
    with open(path + ".listed", "w", encoding="ascii") as file:
        file.writelines(rows[serial] for serial in serials)
    return file.name


def copied(pg, ca, columns, rows):
    """Seconds of COPY alone."""
    with bench.empty_database(pg, ca) as conninfo:
        return bench.timed(*bench.psql(conninfo, "SET session_replication_role = replica",
                                       f"\\copy stillgood.certificate {columns} FROM '{rows}'"))


def one_round(pg, ca, paths, serials, rows):
    """Seconds of the import, of the next CRL's, of COPY of the first one's rows, and of these in their index's order."""
    columns = "(issuer, serial, status, reason, revoked_at, invalidity_at, crl)"
    with bench.empty_database(pg, ca) as conninfo:
        first = bench.timed(harness.STILLGOOD, "import", "crl", paths[0], "--database", conninfo)
        harness.run(*bench.psql(conninfo, f"\\copy stillgood.certificate {columns} TO '{rows}'"))
        second = bench.timed(harness.STILLGOOD, "import", "crl", paths[1], "--database", conninfo)
    return first, second, copied(pg, ca, columns, as_listed(rows, serials)), copied(pg, ca, columns, rows)


def measure_crl(pg, folder, options, builds, count=1_000_000):
    """Rows of the performance table."""
    ca = harness.DemoCA(os.path.join(folder, "crl-ca"), name="Import", key="P-256")
    (paths, serials), rows = write_crls(folder, ca, count), []
    measured = {label: [] for label in builds}
    for _ in bench.rounds_within_limit(options):
        for label, binary in builds.items():
            with bench.build(binary):
                measured[label].append(one_round(pg, ca, paths, serials, os.path.join(folder, "rows")))
    for label, rounds in measured.items():
        for what, column, how, reference, bar in (
                (f"a CRL ({count:,} entries)", 0, "as it lists them", 2, "≤ 2.5 ×"),
                (f"a CRL ({count:,} entries)", 0, "sorted for the index first", 3, "—"),
                (f"the next one ({NEW:,} of them new)", 1, "as it lists them", 2, "—")):
            seconds, copy = (statistics.median(one[at] for one in rounds) for at in (column, reference))
            rows.append((f"import of {what}{label}", f"COPY of the rows, {how}: {copy:.2f} s", f"{seconds:.2f} s",
                         bench.spread(one[column] / one[reference] for one in rounds) + " its time", bar))
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
