"""The lab's format: manifest, seeded values, solve.sh, hints, lint, a new lab."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sandbox.labs import LabError, Seed, Values, progress, values_of
from sandbox.labs.folder import prepare
from sandbox.labs.lint import lint
from sandbox.labs.manifest import load, read
from sandbox.labs.scaffold import new_lab
from sandbox.labs.solve_script import parse
from tests.unit.grading.samples import COURSE, letters


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A copy of the tests' course that may be broken."""
    return Path(shutil.copytree(COURSE, tmp_path / "course"))


def change(course: Path, find: str, replace: str, name: str = "lab.toml") -> Path:
    file = course / "labs/lab-90-letters" / name
    text = file.read_text()
    assert find in text
    file.write_text(text.replace(find, replace, 1))
    return file.parent


@pytest.mark.parametrize(
    ("find", "replace", "message"),
    [
        ("minutes = 5", "minuets = 5", "minuets"),
        ("minutes = 5", "minutes = 0", "minutes"),
        ("format = 1", "format = 2", "format is 2"),
        ("id = 90", "id = 91", "folder says 90"),
        ('id = "write-letter"', 'id = "make-bucket"', "same id"),
        ('title = "Letters', "title = Letters", "not TOML"),
        ("pass_mark = 60", "pass_mark = 120", "pass_mark"),
    ],
)
def test_a_manifest_says_what_is_wrong_with_it(course, find, replace, message) -> None:
    with pytest.raises(LabError, match=message):
        read(change(course, find, replace))


def test_an_unknown_lab_names_those_there_are() -> None:
    with pytest.raises(LabError) as caught:
        load(12, COURSE)
    assert caught.value.hint == "Labs: 90"


def test_values_depend_on_the_student_and_on_nothing_else() -> None:
    assert dict(values_of(letters(), "ada")) == dict(values_of(letters(), "ada"))
    assert values_of(letters(), "ada").bucket != values_of(letters(), "grace").bucket


def test_a_new_draw_leaves_the_others_as_they_were() -> None:
    seed = Seed("ada", 1)
    before = (seed.number("a", 1, 1000), seed.token("b"))
    seed.choice("new", [1, 2, 3])
    assert (seed.number("a", 1, 1000), seed.token("b")) == before


@pytest.mark.parametrize("student", ["Žofie Nováková", "", "A" * 80, "李小龍", "a_b.c@d", "-x-"])
def test_every_name_makes_a_bucket_name(student: str) -> None:
    name = Seed(student, 1).name("aquarium")
    assert 3 <= len(name) <= 63
    assert all(character in "abcdefghijklmnopqrstuvwxyz0123456789-" for character in name)
    assert "--" not in name and not name.endswith("-")


def test_secret_values_are_not_exported_and_lists_are_json() -> None:
    values = Values({"bucket": "b b", "days": 30, "names": ["a"], "_secret": "x"})
    assert values.environment() == {"LAB_BUCKET": "b b", "LAB_DAYS": "30", "LAB_NAMES": '["a"]'}
    assert "export LAB_BUCKET='b b'" in values.export_lines()
    with pytest.raises(AttributeError, match="bucket"):
        _ = values.bukket


def test_work_is_copied_once_and_never_overwritten(tmp_path: Path) -> None:
    values = values_of(letters(), "ada")
    assert sorted(prepare(letters(), tmp_path, values)) == ["answers.toml", "solve.sh"]
    (tmp_path / "solve.sh").write_text("mine")
    (tmp_path / "answers.toml").unlink()
    assert prepare(letters(), tmp_path, values) == ["answers.toml"]
    assert (tmp_path / "solve.sh").read_text() == "mine"


def test_a_script_is_cut_into_steps_and_commands() -> None:
    steps = parse(
        "#!/bin/bash\nset -e\n\n# step: one  First step\n# Words.\n# More words.\n"
        "aws a \\\n  --b c\necho 'two\n\nlines'\n\nfor x in 1 2; do\n\n  echo $x\ndone\n"
        "cat <<EOF > f\n# step: not-a-step\n\ndone\nEOF\n# A closing word.\n\n"
        "# step: two\nif true; then\n  f() {\n echo x; }\nelif false; then\n echo y\nfi\n"
    )
    assert [(step.id, step.title) for step in steps] == [
        ("", ""),
        ("one", "First step"),
        ("two", "two"),
    ]
    assert [scene.code.split("\n")[0] for scene in steps[1].scenes] == [
        "aws a \\",
        "echo 'two",
        "for x in 1 2; do",
        "cat <<EOF > f",
        "",
    ]
    assert steps[1].scenes[0].comment == "Words. More words."
    assert steps[1].scenes[-1].comment == "A closing word."
    assert len(steps[2].scenes) == 1


def test_progress_is_remembered_and_a_broken_file_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_HOME", str(tmp_path))
    progress.record_score("lab-90", 40.0, False, False)
    progress.record_score("lab-90", 100.0, True, True)
    progress.record_score("lab-90", 20.0, False, False)
    progress.record_score("lab-90", None, False, False)
    progress.record_hint("lab-90", "one", 2)
    found = progress.of("lab-90")
    assert (found.last, found.best, found.passed, found.hints) == (20.0, 100.0, True, {"one": 2})
    assert found.completed_at is not None
    for text in ("{", "[]", '{"format": 9}', '{"format": 1, "labs": {"lab-90": {"x": 1}}}'):
        (tmp_path / "progress.json").write_text(text)
        assert progress.read() == {}


class TestLint:
    def messages(self, course: Path) -> list[str]:
        return [f"{finding.where}: {finding.message}" for finding in lint(course)]

    def test_a_good_lab_has_no_findings(self, course: Path) -> None:
        assert self.messages(course) == []

    @pytest.mark.parametrize(
        ("name", "find", "replace", "message"),
        [
            ("lab.toml", ', "wc counts."', "", "has 2 hints"),
            ("lab.toml", '"wc counts."', '" "', "is empty"),
            ("lab.toml", '"wc counts."', '"How many words has it?"', "repeats a hint"),
            ("README.md", "{#write-letter}", "", "{#write-letter}"),
            ("README.md", "## 1.", "[x](nowhere.md)\n\n## 1.", "nowhere.md"),
            (
                "starter/solve.sh",
                "# step: count-words",
                "aws s3 ls\n\n# step: count-words",
                "already has commands",
            ),
            ("solution/solve.sh", "# step: count-words", "# step: count-letters", "count-letters"),
            ("values.py", 'seed.name("letters")', "__import__('uuid').uuid4().hex", "second time"),
        ],
    )
    def test_what_is_wrong_is_found(self, course: Path, name, find, replace, message) -> None:
        change(course, find, replace, name)
        assert any(message in one for one in self.messages(course)), self.messages(course)

    @pytest.mark.parametrize(
        ("find", "replace", "message"),
        [
            (', hint="Count them."', "", "has no hint"),
            ('step="count-words"', 'step="count"', "not in lab.toml"),
            ('step="count-words"', 'step="write-letter"', "step count-words has no check"),
            ("def words_are_counted", "def words_counted", "only words_counted catches"),
            ('needs=["bucket_exists"]', 'needs=["bucket"]', "no check is called"),
        ],
    )
    def test_checks_are_looked_at_too(self, course: Path, find, replace, message) -> None:
        file = course / "checks/lab_90_letters.py"
        assert find in file.read_text()
        file.write_text(file.read_text().replace(find, replace, 1))
        assert any(message in one for one in self.messages(course)), self.messages(course)

    def test_strays_are_found(self, course: Path) -> None:
        (course / "checks/lab_91_gone.py").write_text("")
        (course / "fixtures/mutants/lab-91").mkdir()
        (course / "labs/notes").mkdir()
        assert len([one for one in self.messages(course) if "belongs to no lab" in one]) == 3


def test_a_new_lab_is_sound(tmp_path: Path) -> None:
    new_lab(7, "queues-and-topics", root=tmp_path)
    assert lint(tmp_path) == []
    with pytest.raises(LabError, match="already"):
        new_lab(7, "other", root=tmp_path)
    for number, slug in ((0, "x"), (100, "x"), (8, "Ä b")):
        with pytest.raises(LabError):
            new_lab(number, slug, root=tmp_path)
