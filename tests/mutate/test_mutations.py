"""Mutations can all be applied: none rots unnoticed. `tests/mutate/run` demands that tests die of them."""
import pathlib
import re
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "requirements")]

import mutations  # noqa: E402
import table  # noqa: E402

EVERY = mutations.read_all()


def test_every_mutation_applies():
    assert not mutations.unfit(EVERY)


def test_there_are_enough_of_them():
    assert len(EVERY) >= 60


def test_every_promise_is_one():
    known = set(table.requirements()) | {f"promise {i}" for i in range(1, 11)}
    wrong = [f"{m.name}: {number}" for m in EVERY for number in m.promise.split(", ") if number not in known]
    assert not wrong


def test_every_test_that_is_to_die_exists():
    def exists(test):
        part, _, rest = test.partition("/")
        if part == "unit":
            room, _, subject = rest.partition("/")
            return (mutations.ROOT / f"tests/unit/{room}/test_{subject}.c").exists()
        if part == "replay":
            return rest in ("random", "refused-memory") or (mutations.ROOT / f"tests/replay/scenarios/{rest}.replay").exists()
        if part == "integration":
            path, _, function = test.partition("[")[0].partition("::")
            text = (mutations.ROOT / "tests" / path).read_text(encoding="utf-8")
            return not function or re.search(rf"^def {re.escape(function)}\(", text, re.MULTILINE)
        return part in ("fuzz", "refuse", "vectors")
    assert not [f"{m.name}: {test}" for m in EVERY for test in m.tests if not exists(test)]


ONE = "name a\npromise P-1\nfile x.c\n- if (a < b)\n+ if (a <= b)\ntests unit/x/y\n"


def read(tmp_path, text):
    path = tmp_path / "x.mutations"
    path.write_text(text, encoding="utf-8")
    return list(mutations.read(path))


@pytest.mark.parametrize("text, times", [
    ("\tif (a < b)\n", 1),
    ("int x;\n", 0),
    ("if (a < b)\nif (a < b)\n", 2),
])
def test_a_text_must_stand_there_once(tmp_path, text, times):
    (tmp_path / "x.c").write_text(text, encoding="utf-8")
    wrong = mutations.unfit(read(tmp_path, ONE), tmp_path)
    assert wrong == ([] if times == 1 else [f"x.mutations: a: its text stands {times} times in x.c"])


def test_lines_may_be_indented_otherwise(tmp_path):
    one, = read(tmp_path, ONE.replace("- if (a < b)\n", "- if (a < b)\n- return 1;\n"))
    before, after = "{\n\tif (a < b)\n\t\treturn 1;\n}\n", "{\n\tif (a <= b)\n}\n"
    (tmp_path / "x.c").write_text(before, encoding="utf-8")
    assert one.applied(tmp_path) == {tmp_path / "x.c": (before, after)}


def test_one_may_change_several_places(tmp_path):
    one, = read(tmp_path, ONE.replace("tests ", "- c\n+ d\nfile y.c\n- e\n+ f\ntests "))
    (tmp_path / "x.c").write_text("c if (a < b)", encoding="utf-8")
    (tmp_path / "y.c").write_text("e", encoding="utf-8")
    assert [after for _, after in one.applied(tmp_path).values()] == ["d if (a <= b)", "f"]


@pytest.mark.parametrize("text", [
    ONE.replace("promise P-1\n", ""), ONE.replace("- if (a < b)\n", ""), ONE + "what is this\n",
    ONE.replace("name a", "name a\nname b")])
def test_what_is_not_well_formed_is_named(tmp_path, text):
    with pytest.raises(mutations.Unfit, match="x.mutations"):
        read(tmp_path, text)
