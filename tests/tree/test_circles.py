"""No circle of files inside a folder (doc/design.md, What is where): what a file needs never needs the file.

Two graphs say so. Include lines: a module is NAME.c with NAME.h. And symbols of the built objects: who
calls, or names, what another object of the same library defines; so a header that declares the
functions of ten files hides nothing.
"""
import collections
import os
import pathlib
import re
import subprocess

import pytest

from test_arrows import ROOMS, ROOT, includes

# A line of `nm -A`: archive, member, address, kind (U and w: needed; capitals: defined), name.
SYMBOL = re.compile(r"^.*?:(?:([\w.-]+)\.o:)?\s*[0-9a-f]*\s+([A-Za-z])\s+(\S+)$")


def circles(edges):
    """The strongly connected parts with more than one member (Tarjan)."""
    order, low, stack, found = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(edges.get(node, ())):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(edges):
        if node not in order:
            visit(node)
    return found


def told(edges):
    return [
        f"{one} needs {other}"
        for part in circles(edges)
        for one in part
        for other in sorted(edges.get(one, set()) & set(part))
    ]


def include_edges(room, folder):
    """A header without a NAME.c of its own is read as if it stood where it is included."""
    edges = collections.defaultdict(set)
    for place, header in includes(folder):
        module = pathlib.Path(place.split(":")[0]).stem
        if header.startswith(f"{room}/"):
            edges[module].add(pathlib.Path(header).stem)
    modules = {path.stem for path in (ROOT / folder).glob("*.c")}

    def reached(name, seen):
        for other in edges.get(name, set()) - seen:
            seen.add(other)
            if other not in modules:
                reached(other, seen)
        return seen

    return {module: (reached(module, set()) & modules) - {module} for module in sorted(modules)}


def symbol_edges(archive):
    lines = subprocess.run(
        ["nm", "-A", archive], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    defined, needed = {}, collections.defaultdict(set)
    for line in lines:
        match = SYMBOL.match(line)
        if not match or not match.group(1):
            continue
        module = match.group(1).removesuffix(".c")
        if match.group(2) in "UwW":
            needed[module].add(match.group(3))
        elif match.group(2).isupper():
            defined[match.group(3)] = module
    assert defined, f"{archive} defines nothing"
    return {
        module: {defined[name] for name in names if name in defined} - {module}
        for module, names in needed.items()
    }


def build():
    """The build that is tested, as tests/run names it, or the usual one of this tree."""
    return pathlib.Path(os.environ.get("STILLGOOD_BUILD", ROOT / "build/asan"))


def archive_of(room):
    folder, _ = ROOMS[room]
    return build() / folder / f"lib{room}.a"


@pytest.mark.parametrize("room", ROOMS)
def test_include_lines_form_no_circle(room):
    found = told(include_edges(room, ROOMS[room][0]))
    assert not found, found


@pytest.mark.skipif(not build().is_dir(), reason="no build: tests/run makes one (STILLGOOD_BUILD)")
@pytest.mark.parametrize("room", ROOMS)
def test_calls_form_no_circle(room):
    found = told(symbol_edges(archive_of(room)))
    assert not found, found


def test_a_circle_of_three_is_found_and_a_diamond_is_none():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert not circles({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}})


def test_a_circle_behind_one_header_is_found(tmp_path):
    """Two files that only include the header that both share call each other."""
    (tmp_path / "shared.h").write_text("void one(void);\nvoid two(void);\n", encoding="utf-8")
    for own, other in (("one", "two"), ("two", "one")):
        (tmp_path / f"{own}.c").write_text(
            f'#include "shared.h"\nvoid {own}(void)\n{{\n\t{other}();\n}}\n', encoding="utf-8"
        )
        subprocess.run(
            ["cc", "-c", f"{own}.c", "-o", f"{own}.c.o"], cwd=tmp_path, check=True
        )
    subprocess.run(["ar", "rc", "libx.a", "one.c.o", "two.c.o"], cwd=tmp_path, check=True)
    assert told(symbol_edges(tmp_path / "libx.a")) == ["one needs two", "two needs one"]
