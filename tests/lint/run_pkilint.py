"""Runs pkilint's own commands on many files in one process; printed as JSON.

    build/pkilint/bin/python tests/lint/run_pkilint.py FILE.json

FILE.json: {"COMMAND": [[argument, …], …]}; printed: {"COMMAND": [[exit status, output], …]}.
"""
import contextlib
import importlib
import io
import json
import sys


def run(command, arguments):
    main = importlib.import_module(f"pkilint.bin.{command}").main
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            status = main(arguments)
        except SystemExit as end:
            status = end.code
    return [status, out.getvalue().strip()]


with open(sys.argv[1], encoding="utf-8") as file:
    work = json.load(file)
json.dump({command: [run(command, arguments) for arguments in list_of]
           for command, list_of in work.items()}, sys.stdout)
