"""Adds up JUnit files: prints "N passed, N failed" and exits 1 unless all passed.

    count.py FOLDER PART…

A skipped test is a failed one (what a test needs is installed, never assumed), and so is a part
that left no result or ran nothing.
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count(path):
    cases = list(ElementTree.parse(path).iter("testcase"))
    failed = sum(
        any(case.find(tag) is not None for tag in ("failure", "error", "skipped"))
        or case.get("status") in ("fail", "notrun", "disabled")
        for case in cases
    )
    return len(cases) - failed, failed


def main(folder, parts):
    passed = failed = 0
    for part in parts:
        path = pathlib.Path(folder) / f"{part}.xml"
        good, bad = count(path) if path.exists() else (0, 0)
        if good + bad == 0:
            print(f"{part}: ran no test")
            bad = 1
        passed += good
        failed += bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
