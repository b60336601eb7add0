#!/usr/bin/env python3
"""Requirement → tests, as a Markdown table, read from the citations in the tests themselves.

    tests/run requirements

What is required stands in doc/protocol.md (P-, F- and V-numbers) and doc/faults.md (I-numbers and rows of
faults), each once. A test cites a requirement by its number (P-16, V-5, I-3), a profile by its name
(F-webpki), a fault by its row (doc/faults.md row 18) in its name, its comment or its body. What
counts as the citing test:

  C         the function of the line; in comments and tables between functions, the test below;
            a name may end in numbers (…_p5, …_p10_p11)
  Python    the test (or the check_… / assert_… that tests share) of the line, with its decorators
            and the comment above it
  replay    the scenario, and the rules that the oracle applies to every scenario
  chaos     the function that causes the row
  fuzz      the target
  vectors   the vector

The opening comment of a file with several tests is for orientation and proves nothing.
"""
import ast
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOC = ROOT / "doc"
CITATION = re.compile(r"\b([PVI]-\d{1,2}|F-[a-z]+)(?![0-9A-Za-z_])")
ROWS = re.compile(r"(?i:\bfaults(?:\.md)?),? rows? (\d+(?:(?:, | and | to |–|-)\d+)*)")
IN_A_NAME = re.compile(r"_p(\d{1,2})(?=_|$)")

SECTION = re.compile(r"^## (.*)")
NUMBERED = re.compile(r"^- ([PVI]-\d+|F-[a-z]+) \*\*(.+?)\.\*\* ")
FAULT = re.compile(r"^\| (\d+) \| (.+?) \|(?:.*\|)? (built|partly: .+|planned(?:: .+)?) \|$")


def requirements(doc=DOC):
    """{number: (section, title, state)}; a fault's number is "row 18"; a state is built, partly … or planned …"""
    rows, section = {}, None
    for name in ("protocol.md", "faults.md"):
        for line in (doc / name).read_text(encoding="utf-8").splitlines():
            head, numbered, fault = SECTION.match(line), NUMBERED.match(line), FAULT.match(line)
            section = head.group(1) if head else section
            if numbered:
                number, row = numbered.group(1), (section, numbered.group(2), "built")
            elif fault:
                number, row = f"row {fault.group(1)}", (section, fault.group(2), fault.group(3))
            else:
                continue
            assert number not in rows, f"doc/{name}: {number} stands there twice"
            rows[number] = row
    return rows


def rows_of(text):
    """Of "18", "2, 13 and 18", "35–43"."""
    for first, last in re.findall(r"(\d+)(?:(?: to |–|-)(\d+))?", text):
        yield from range(int(first), int(last or first) + 1)


def numbers_of(text):
    """P-01 in a vector's name is P-1."""
    for match in CITATION.finditer(text):
        kind, rest = match.group(1).split("-")
        yield f"{kind}-{int(rest)}" if rest.isdigit() else match.group(1)
    for match in ROWS.finditer(text):
        yield from (f"row {row}" for row in rows_of(match.group(1)))


TEST_IN_C = re.compile(r"^static void (\w+)\(void \*\*\w+\)")
LISTED_IN_C = re.compile(r"cmocka_unit_test\w*\(\s*(\w+)")


def after_opening_comment(lines):
    """The number of lines of a C file's opening comment."""
    if not lines or not lines[0].startswith("/*"):
        return 0
    return next(i for i, line in enumerate(lines, 1) if "*/" in line)


def cited_in_c(text):
    waiting = []  # cited above the test that comes next
    test, inside = None, False
    lines = text.splitlines()
    for line in lines[after_opening_comment(lines):]:
        begins, listed = TEST_IN_C.match(line), LISTED_IN_C.search(line)
        if begins:
            test = begins.group(1)
            named = [f"P-{int(number)}" for number in IN_A_NAME.findall(test)]
            yield from ((number, test) for number in waiting + named)
        elif line == "{" and not inside:  # a helper's comment is not the test's below
            waiting = []
        cited = list(numbers_of(line))
        if listed or test:
            yield from ((number, listed.group(1) if listed else test) for number in cited)
            waiting = []
        elif not inside:
            waiting += cited
        inside = (inside or line == "{") and line != "}"
        test = None if line == "}" else test


def first_line(function, lines):
    """Of decorators and of the comment above them."""
    first = min([function.lineno] + [decorator.lineno for decorator in function.decorator_list])
    while first > 1 and lines[first - 2].lstrip().startswith("#"):
        first -= 1
    return first


def is_test(node):
    """Also what a command runs by name: @scenario("failover", …)."""
    by_name = any(isinstance(d, ast.Call) and getattr(d.func, "id", "") == "scenario" for d in node.decorator_list)
    return by_name or re.match("test_|check_|assert_", node.name)


def cited_in_python(text):
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and is_test(node):
            body = "\n".join(lines[first_line(node, lines) - 1:node.end_lineno])
            yield from ((number, node.name) for number in numbers_of(node.name + "\n" + body))


def cited_in_chaos(text):
    """The row that a function of tests/chaos causes stands at its decorator."""
    for node in ast.walk(ast.parse(text)):
        for decorator in getattr(node, "decorator_list", []):
            if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "row":
                yield f"row {decorator.args[0].value}", node.name


def cited_in_vectors(text):
    for name in re.findall(r'"([PV]-\d+-[^"]*)"', text):
        yield from ((number, name) for number in numbers_of(name))


def cited_in_whole(text):
    yield from ((number, None) for number in numbers_of(text))


def cited_in_oracle(text):
    function = None
    for line in text.splitlines():
        begins = re.match(r"^(?:static )?\w[\w *]*?\b(\w+)\([^;]*$", line)
        function = begins.group(1) if begins else function
        if "broken(" in line:
            yield from ((number, function) for number in numbers_of(line))


SUFFIXES = (".c", ".h", ".py", ".replay", ".sql", ".md", ".txt", ".sh", ".1", ".head", ".tail")

READERS = [
    ("tests/unit/*/test_*.c", cited_in_c),
    ("tests/*/test_*.py", cited_in_python),
    ("tests/chaos/rows_*.py", cited_in_chaos),
    ("tests/soak/soak.py", cited_in_python),
    ("tests/clients/*under_test.py", cited_in_python),
    ("tests/cluster/scenarios.py", cited_in_python),
    ("tests/replay/scenarios/*.replay", cited_in_whole),
    ("tests/replay/*.c", cited_in_oracle),
    ("tests/sim/*.c", cited_in_oracle),
    ("tests/fuzz/fuzz_*.c", cited_in_whole),
    ("tests/vectors/make_vectors.py", cited_in_vectors),
]


def citations(root=ROOT):
    """{number: {file: [test…]}}; a test is None where the file is one."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for pattern, reader in READERS:
        for path in sorted(root.glob(pattern)):
            if path.parent.name == "requirements":
                continue
            for number, test in reader(path.read_text(encoding="utf-8")):
                tests = found[number][str(path.relative_to(root))]
                if test not in tests:
                    tests.append(test)
    return found


def sources(root=ROOT):
    """What cites: every text that is ours, but what this folder's own tests make up."""
    for folder in ("responder", "conf", "db", "tests", "doc", "scripts", "systemd", ".ci", "."):
        paths = (root / folder).rglob("*") if folder != "." else root.glob("*")
        for path in sorted(paths):
            if path.suffix not in SUFFIXES and path.name not in ("run", "quickstart"):
                continue
            if path.is_file() and not {"requirements", "seeds", "__pycache__"} & set(path.parts):
                yield path


def unknown_numbers(root=ROOT):
    """[FILE:LINE: number…] of what any source or test cites and nobody requires."""
    known = requirements()
    wrong = []
    for path in sources(root):
        for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            wrong += [f"{path.relative_to(root)}:{at}: {number}" for number in numbers_of(line)
                      if not number.startswith("F-") and number not in known]
    return wrong


def missing_documents(root=ROOT):
    """[FILE:LINE: document…] that are named and are not there, from the root, doc/ or the file's own folder on."""
    missing = []
    for path in sources(root):
        for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            missing += [f"{path.relative_to(root)}:{at}: {name}"
                        for name in re.findall(r"[\w./-]*\w\.md\b", line)
                        if not any((base / name).exists() for base in (root, root / "doc", path.parent))]
    return missing


def render(rows, found):
    out = ["| requirement | | tests |", "|---|---|---|"]
    for number, (_, title, state) in rows.items():
        cells = []
        for path, tests in sorted(found.get(number, {}).items()):
            names = ", ".join(f"`{test}`" for test in tests if test)
            cells.append(path.removeprefix("tests/") + (f": {names}" if names else ""))
        cells += [] if state == "built" else [f"*{state}*"]
        out.append(f"| {number} | {title} | {'<br>'.join(cells) or '**none**'} |")
    return "\n".join(out)


if __name__ == "__main__":
    sys.stdout.write(render(requirements(), citations()) + "\n")
