"""Reads tests/mutate/*.mutations and applies one; README.md has the form."""
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORDS = ("name", "promise", "file", "tests")


class Unfit(Exception):
    """A mutation that is not well formed or cannot be applied."""


class Hunk:
    def __init__(self, file):
        self.file, self.old, self.new = file, [], []

    def applied_to(self, text):
        """Lines may be indented otherwise; the first and the last may be parts of lines."""
        pattern = r"[ \t]*\n[ \t]*".join(re.escape(line) for line in self.old)
        found = len(re.findall(pattern, text))
        if found != 1:
            raise Unfit(f"its text stands {found} times in {self.file}")
        return re.sub(pattern, lambda _: "\n".join(self.new), text)


class Mutation:
    def __init__(self, place, fields, hunks):
        for word in WORDS:
            if word not in fields:
                raise Unfit(f"{place}: no {word}")
        if not hunks or not all(hunk.old for hunk in hunks):
            raise Unfit(f"{place}: no line with -")
        self.place, self.hunks = place, hunks
        self.name, self.promise = fields["name"], fields["promise"]
        self.tests = fields["tests"].split()

    def applied(self, root):
        """{path: (text as it is, text as it would be)}"""
        changed = {}
        for hunk in self.hunks:
            path = root / hunk.file
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            before, after = changed.get(path, (text, text))
            try:
                changed[path] = (before, hunk.applied_to(after))
            except Unfit as error:
                raise Unfit(f"{self.place}: {self.name}: {error}") from None
        if any(before == after for before, after in changed.values()):
            raise Unfit(f"{self.place}: {self.name}: changes nothing")
        return changed


def parse(place, lines):
    """The fields and the hunks of one block: a - after a + begins another hunk."""
    fields, hunks = {}, []
    for line in lines:
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "-" and "file" in fields:
            if not hunks or hunks[-1].new:
                hunks.append(Hunk(fields["file"]))
            hunks[-1].old.append(rest)
        elif word == "+" and hunks:
            hunks[-1].new.append(rest)
        elif word == "file" or (word in WORDS and word not in fields):
            fields[word] = rest
        elif not word.startswith("#"):
            raise Unfit(f"{place}: what is this: {line}")
    return fields, hunks


def read(path):
    for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
        fields, hunks = parse(path.name, block.splitlines())
        if fields:
            yield Mutation(path.name, fields, hunks)


def read_all(folder=HERE):
    every = [mutation for path in sorted(folder.glob("*.mutations")) for mutation in read(path)]
    names = [mutation.name for mutation in every]
    for name in names:
        if names.count(name) > 1:
            raise Unfit(f"{name} stands twice")
    return every


def unfit(every, root=ROOT):
    """[what is wrong…]: files that are not there, texts that do not stand in them exactly once."""
    wrong = []
    for mutation in every:
        try:
            mutation.applied(root)
        except Unfit as error:
            wrong.append(str(error))
    return wrong
