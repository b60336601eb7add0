"""What operators do, under load: see tests/operate/run."""
import argparse
import sys

import purge
import reload
import rolling


def main():
    parser = argparse.ArgumentParser(prog="tests/operate/run")
    commands = parser.add_subparsers(dest="command", required=True)
    rolling.arguments(commands.add_parser("rolling"))
    reload.arguments(commands.add_parser("reload"))
    purge.arguments(commands.add_parser("purge"))
    chosen = parser.parse_args()
    return chosen.run(chosen)


if __name__ == "__main__":
    sys.exit(main())
