#!/usr/bin/env python3
"""Prints the README's table of clients from what the tests in this folder recorded.

    STILLGOOD_CLIENT_TABLE=FOLDER tests/run clients
    tests/clients/table.py FOLDER
"""
import json
import os
import re
import subprocess
import sys

STATES = ("good", "revoked", "unknown", "tryLater")


def package_version(package):
    """The version of an installed Debian package."""
    return subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], check=True,
                          capture_output=True, text=True, timeout=30).stdout


def record(client, version, how, state, seen):
    """One cell, once its test has passed; written only where STILLGOOD_CLIENT_TABLE says."""
    assert state in STATES, state
    folder = os.environ.get("STILLGOOD_CLIENT_TABLE")
    if not folder:
        return
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, re.sub(r"[^a-z0-9]+", "-", client.lower()).strip("-") + ".json")
    row = {"client": client, "version": version, "how": how}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            row = {**json.load(file), **row}
    row[state] = seen
    with open(path, "w", encoding="utf-8") as file:
        json.dump(row, file, ensure_ascii=False, indent=1)
        file.write("\n")


def rows(folder):
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                yield json.load(file)


def print_table(folder):
    columns = ("client", "version", *STATES, "how")
    print("| " + " | ".join(columns) + " |")
    print("|---" * len(columns) + "|")
    for row in sorted(rows(folder), key=lambda row: row["client"].lower()):
        cells = (str(row.get(column, "—")).replace("|", "\\|") for column in columns)
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: tests/clients/table.py FOLDER")
    print_table(sys.argv[1])
