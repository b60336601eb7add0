"""Every requirement has a test that cites it, and every citation is of a requirement."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import table  # noqa: E402


@pytest.fixture(scope="module")
def found():
    return table.citations()


@pytest.mark.parametrize("number", [number for number, (_, _, state) in table.requirements().items()
                                    if not state.startswith("planned")])
def test_a_requirement_has_a_test(number, found):
    cited = bool(found.get(number))  # by itself: pytest would print the whole table otherwise
    assert cited, f"no test cites {number}: {table.requirements()[number][1]}"


def test_only_what_is_required_is_cited():
    assert not table.unknown_numbers()


@pytest.mark.parametrize("kind, last", [("P-", 54), ("V-", 5), ("I-", 10), ("row ", 54)])
def test_the_numbers_have_no_gap(kind, last):
    numbers = sorted(int(n[len(kind):]) for n in table.requirements() if n.startswith(kind))
    assert numbers == list(range(1, last + 1))


def test_a_number_that_stands_twice_would_be_found(tmp_path):
    (tmp_path / "protocol.md").write_text("- P-1 **One.** x\n- P-1 **One.** y\n", encoding="utf-8")
    (tmp_path / "faults.md").write_text("", encoding="utf-8")
    with pytest.raises(AssertionError, match="P-1 stands there twice"):
        table.requirements(tmp_path)


def test_every_document_that_is_named_is_there():
    assert not table.missing_documents()


def test_a_document_that_is_not_there_would_be_found(tmp_path):
    (tmp_path / "doc").mkdir()
    (tmp_path / "doc" / "design.md").write_text("[protocol](prot.md)\n", encoding="utf-8")
    (tmp_path / "doc" / "x.c").write_text("/* doc/design.md; DESIGN.md */\n", encoding="utf-8")
    assert table.missing_documents(tmp_path) == ["doc/design.md:1: prot.md", "doc/x.c:1: DESIGN.md"]


def test_the_table_has_a_row_for_each(found):
    lines = table.render(table.requirements(), found).splitlines()
    assert len(lines) == len(table.requirements()) + 2


@pytest.mark.parametrize("name, text, number, test", [
    ("unit/x/test_a.c", "static void t(void **state) /* P-7 */\n{\n}\n", "P-7", "t"),
    ("unit/x/test_a.c", "/* P-7 */\nint x;\n/* P-8 */\nstatic void t(void **s)\n", "P-8", "t"),
    ("unit/x/test_a.c", "static void t(void **s)\n{\n\tf(); /* P-7 */\n}\n", "P-7", "t"),
    ("unit/x/test_a.c", "static void t_p3_p7(void **s)\n{\n}\n", "P-7", "t_p3_p7"),
    ("unit/x/test_a.c", "int main(void)\n{\n\tcmocka_unit_test(t), /* V-5 */\n}\n", "V-5", "t"),
    ("integration/test_a.py", "# P-9: why\n@d\ndef test_a():\n    pass\n", "P-9", "test_a"),
    ("integration/test_a.py", 'def assert_a():\n    "P-9, F-webpki"\n', "F-webpki", "assert_a"),
    ("replay/scenarios/a.replay", "# P-28\n", "P-28", None),
    ("vectors/make_vectors.py", 'yield "P-01-empty", b""\n', "P-1", "P-01-empty"),
    ("fuzz/fuzz_a.c", "/* P-5 */\n", "P-5", None),
    ("unit/x/test_a.c", "static void t(void **s) /* I-3 */\n{\n}\n", "I-3", "t"),
    ("integration/test_a.py", 'def test_a():\n    "doc/faults.md row 7"\n', "row 7", "test_a"),
    ("integration/test_a.py", 'def test_a():\n    "doc/faults.md rows 2, 7 and 9"\n', "row 7", "test_a"),
    ("replay/scenarios/a.replay", "# doc/faults.md rows 5–9\n", "row 7", None),
    ("replay/oracle.c", 'void f(int x)\n{\n\tbroken(x, "I-4: good");\n}\n', "I-4", "f"),
])
def test_a_citation_is_found_with_its_test(tmp_path, name, text, number, test):
    path = tmp_path / "tests" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    assert table.citations(tmp_path).get(number) == {f"tests/{name}": [test]}


@pytest.mark.parametrize("name, text", [
    ("unit/x/test_a.c", "/* All of P-7. */\nstatic void t(void **state)\n{\n}\n"),
    ("unit/x/test_a.c", 'static void t(void **state)\n{\n\tkey("P-256"); /* XP-7, P-7a */\n}\n'),
    ("unit/x/test_a.c", "/* P-7 */\nint f(void)\n{\n\tP-7\n}\n\nstatic void t(void **s)\n{\n}\n"),
    ("integration/test_a.py", '"""P-7"""\n\n\ndef helper():\n    return "P-7"\n'),
])
def test_what_is_no_test_proves_nothing(tmp_path, name, text):
    path = tmp_path / "tests" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    assert not table.citations(tmp_path)


def test_a_number_that_nobody_requires_would_be_found(tmp_path):
    path = tmp_path / "responder" / "a.c"
    path.parent.mkdir()
    path.write_text("/* P-1 and P-99, P-256, I-10, I-11; doc/faults.md row 99 */\n", encoding="utf-8")
    assert table.unknown_numbers(tmp_path) == [
        f"responder/a.c:1: {number}" for number in ("P-99", "I-11", "row 99")]
