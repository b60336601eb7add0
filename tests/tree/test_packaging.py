"""What has to be said in several places about building and installing is the same in all of them."""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def text(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def packages(name):
    return set(re.search(rf"^{name}=\(([^)]*)\)", text("scripts", "lib.sh"), re.M).group(1).split())


def installed_by(command):
    """The packages of an apt-get line."""
    return {word for word in command.replace("\\\n", " ").split() if not word.startswith("-")}


def test_each_way_to_build_names_all_that_it_needs():
    build = packages("packages_build")
    # A compiler and a C library are build-essential to Debian.
    for_debian = build - {"gcc", "libc6-dev"}
    source = text("debian", "control").split("\n\n")[0]
    depends = re.search(r"^Build-Depends:\n((?: .*\n)+)", source, re.M).group(1)
    assert {line.strip(" ,").split()[0] for line in depends.splitlines()} == \
        for_debian | {"debhelper-compat"}
    ways = re.findall(r"^apt-get install ((?:.*\\\n)*.*)$", text("README.md"), re.M)
    assert installed_by(ways[0]) >= for_debian | {"build-essential", "debhelper"}
    assert installed_by(ways[2]) >= build
    image = re.search(r"apt-get install ((?:.*\\\n)*.*)\nCOPY", text("container", "Containerfile"))
    assert installed_by(image.group(1)) >= for_debian | {"build-essential", "debhelper"}


def test_the_package_is_of_the_version_that_is_told_of():
    version = re.search(r"^## (\S+)", text("CHANGELOG.md"), re.M).group(1)
    packaged = re.match(r"stillgood \((\S+)\)", text("debian", "changelog")).group(1)
    assert packaged.split("~")[0] == version


def test_every_user_of_a_unit_is_made():
    made = set(re.findall(r"^u (\S+)", text("systemd", "stillgood.sysusers"), re.M))
    assert {"stillgood", "stillgood-front", "stillgood-signer", "stillgood-verifier"} <= made
    by_hand = re.search(r"for user in ([\w -]+);", text("README.md")).group(1).split()
    assert set(by_hand) == made
