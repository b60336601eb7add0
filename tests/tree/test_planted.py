"""Bugs that are planted in the simulation (tests/sim/planted) can be planted: what they replace stands there once."""
import pathlib
import runpy

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_each_planted_bug_has_its_place():
    planted = runpy.run_path(str(ROOT / "tests/sim/planted"), run_name="planted")
    counts = {(bug[0], path, before): (ROOT / path).read_text(encoding="utf-8").count(before)
              for bug in planted["BUGS"] for path, before, _ in planted["edits_of"](bug)}
    assert len(planted["BUGS"]) > 30
    assert {place: count for place, count in counts.items() if count != 1} == {}
