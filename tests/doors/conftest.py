"""A clone of this tree under a name with blanks and quotes, whose `cmake` hands out the tested build."""
import os
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "integration"))

import harness  # noqa: E402

CMAKE = f"""#!/bin/sh
# cmake --preset NAME; cmake --build --preset NAME
[ "$1" = --build ] && exit
echo configured >>build/calls
mkdir -p "build/$2/conf" && cp '{harness.STILLGOOD}' "build/$2/new" &&
	mv "build/$2/new" "build/$2/stillgood" &&
	echo "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" >"build/$2/CMakeCache.txt"
"""


class Clone:
    """quickstart's folder. `run` bounds it in time and gives it a foreign environment."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "a clone's \"copy\"")
        shutil.copytree(harness.ROOT, self.folder, symlinks=True, ignore=shutil.ignore_patterns(
            "build", ".git", ".quickstart", "__pycache__", "seeds"))
        os.mkdir(os.path.join(self.folder, "build"))
        programs = os.path.join(folder, "programs")
        os.mkdir(programs)
        with open(os.path.join(programs, "cmake"), "w", encoding="utf-8") as file:
            file.write(CMAKE)
        os.chmod(file.name, 0o755)
        self.environment = {
            **os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PGHOST": "/nowhere",
            "PGOPTIONS": "-c nothing=such", "STILLGOOD_DATABASE": "host=/nowhere",
            "http_proxy": "http://127.0.0.1:9/", "LC_ALL": "xx_XX", "QUICKSTART_PATIENCE": "3"}
        self.port = harness.free_port()

    def path(self, *names):
        return os.path.join(self.folder, ".quickstart", *names)

    def begin(self, *arguments):
        return subprocess.Popen([os.path.join(self.folder, "quickstart"), *map(str, arguments)],
                                cwd="/", env=self.environment, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, *arguments):
        """(exit status, all that it said)"""
        process = self.begin(*arguments)
        said, _ = process.communicate(timeout=600)
        return process.returncode, said

    def start(self):
        code, said = self.run("--port", self.port)
        assert code == 0, said
        return said

    def recorded(self):
        with open(self.path("serve.pid"), encoding="ascii") as file:
            return file.read().split()

    def alive(self):
        try:
            return not harness.gone(int(self.recorded()[0]))
        except FileNotFoundError:
            return False

    def builds(self):
        with open(os.path.join(self.folder, "build", "calls"), encoding="ascii") as file:
            return len(file.readlines())


@pytest.fixture(scope="session")
def clone(tmp_path_factory):
    made = Clone(str(tmp_path_factory.mktemp("doors")))
    yield made
    code, said = made.run("stop", "--purge")
    assert code == 0, said
