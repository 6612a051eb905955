"""Handing in and taking in: what is packed, and what is refused with which words."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from sandbox.grading import batch, submission
from sandbox.grading.replay import Grader
from sandbox.grading.submission import SubmissionError, pack, take_in
from sandbox.labs import values_of
from sandbox.labs.folder import prepare, touched
from tests.unit.grading.samples import letters


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "lab-90"
    prepare(letters(), folder, values_of(letters(), "ada"))
    (folder / "solve.sh").write_text("echo mine\n")
    (folder / "result.json").write_text('{"score": 100}')
    return folder


def zipped(path: Path, **files: bytes | str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def entry(path: Path, name: str, mode: int = 0o100644, content: bytes = b"x") -> Path:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("solve.sh", "true\n")
        archive.writestr(info, content)
    return path


def refused(source: Path, tmp_path: Path) -> str:
    with pytest.raises(SubmissionError) as caught:
        take_in(source, letters(), tmp_path / "taken")
    return str(caught.value)


def test_what_was_packed_comes_out_and_the_result_is_left_behind(
    work: Path, tmp_path: Path
) -> None:
    manifest = pack(letters(), work, "ada", tmp_path / "hand-in.zip")
    assert set(manifest.files) == {"solve.sh", "answers.toml"}
    taken = take_in(tmp_path / "hand-in.zip", letters(), tmp_path / "taken")
    assert (taken.student, taken.name, taken.notes) == ("ada", "hand-in", ())
    assert {path.name for path in taken.work.iterdir()} == {"solve.sh", "answers.toml"}


def test_the_same_work_has_the_same_hash_as_zip_and_as_folder(work: Path, tmp_path: Path) -> None:
    pack(letters(), work, "ada", tmp_path / "a.zip")
    first = take_in(tmp_path / "a.zip", letters(), tmp_path / "one")
    second = take_in(work, letters(), tmp_path / "two")
    assert first.sha256 == second.sha256


def test_changes_after_packing_are_noted(work: Path, tmp_path: Path) -> None:
    manifest = pack(letters(), work, "ada", tmp_path / "a.zip")
    changed = zipped(
        tmp_path / "b.zip",
        **{
            "manifest.json": manifest.model_dump_json(),
            "solve.sh": "echo other\n",
            "answers.toml": (work / "answers.toml").read_text(),
        },
    )
    taken = take_in(changed, letters(), tmp_path / "taken")
    assert taken.notes == ("Changed after it was packed: solve.sh",)


def test_a_zip_of_a_folder_and_a_bare_folder_are_fine(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "grace.zip", **{"lab-90/solve.sh": "true", "lab-90/a/b.txt": "x"})
    taken = take_in(inner, letters(), tmp_path / "taken")
    assert (taken.student, (taken.work / "a/b.txt").read_text()) == ("grace", "x")


def test_the_name_can_be_given(work: Path, tmp_path: Path) -> None:
    assert take_in(work, letters(), tmp_path / "t", student="grace").student == "grace"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../outside", "leaves"),
        ("a/../../outside", "leaves"),
        ("/etc/outside", "leaves"),
        ("..\\outside", "leaves"),
        ("C:outside", "leaves"),
        ("x" * 300, "too long"),
        ("SOLVE.SH", "same name"),
    ],
)
def test_paths_that_leave_or_meet_are_refused(tmp_path: Path, name: str, message: str) -> None:
    assert message in refused(entry(tmp_path / "s.zip", name), tmp_path)
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_special_files_in_a_zip_are_refused(tmp_path: Path, mode: int) -> None:
    message = refused(entry(tmp_path / "s.zip", "x", mode | 0o777, b"/etc/passwd"), tmp_path)
    assert "link" in message or "special" in message


def test_links_and_pipes_in_a_folder_are_refused(work: Path, tmp_path: Path) -> None:
    (work / "link").symlink_to("/etc/passwd")
    assert "link" in refused(work, tmp_path)
    with pytest.raises(SubmissionError, match="link"):
        pack(letters(), work, "ada", tmp_path / "a.zip")
    (work / "link").unlink()
    os.mkfifo(work / "pipe")
    assert "special" in refused(work, tmp_path)


def test_bombs_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    ratio = zipped(tmp_path / "r.zip", **{"solve.sh": "true", "big": bytes(20 * 1024 * 1024)})
    assert "zip bomb" in refused(ratio, tmp_path)
    many = zipped(tmp_path / "m.zip", **{f"f{n}": "" for n in range(submission.MOST_FILES + 1)})
    assert "more than" in refused(many, tmp_path)
    large = tmp_path / "l.zip"
    with zipfile.ZipFile(large, "w") as archive:
        for n in range(9):
            archive.writestr(f"f{n}", os.urandom(64) * 131072)
    assert "larger than" in refused(large, tmp_path)


def test_a_size_that_lies_does_not_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "MOST_BYTES", 1_000_000)
    file = zipped(tmp_path / "s.zip", **{"solve.sh": "true", "big": os.urandom(1000) * 2000})
    data = bytearray(file.read_bytes())
    real = (2_000_000).to_bytes(4, "little")
    assert data.count(real) == 2
    file.write_bytes(bytes(data).replace(real, (10).to_bytes(4, "little")))
    refused(file, tmp_path)
    found = tmp_path / "taken/big"
    assert not found.exists() or found.stat().st_size <= 1_000_000


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("{", "cannot be read"),
        ("[1]", "cannot be read"),
        ('{"schema_version": "other", "lab": 90, "student": "a"}', "format"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_manifests_that_cannot_be_read_are_refused(tmp_path, manifest: str, message: str) -> None:
    file = zipped(tmp_path / "s.zip", **{"solve.sh": "true", "manifest.json": manifest})
    assert message in refused(file, tmp_path)


def test_work_of_another_lab_is_refused(tmp_path: Path) -> None:
    text = json.dumps({"schema_version": submission.SCHEMA, "lab": 4, "student": "ada"})
    file = zipped(tmp_path / "s.zip", **{"solve.sh": "true", "manifest.json": text})
    assert refused(file, tmp_path) == "It is work of lab 4, not of lab 90."


def test_what_is_no_submission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("hello")
    assert "not a zip" in refused(tmp_path / "text.zip", tmp_path)
    assert "no solve.sh" in refused(zipped(tmp_path / "e.zip", readme="x"), tmp_path)
    assert "no submission" in refused(tmp_path / "nothing", tmp_path)


def test_untouched_files_are_told_from_touched_ones(work: Path) -> None:
    assert touched(letters(), work) == ["solve.sh"]


class TestClass:
    def test_a_class_is_told_from_one_submission(self, work: Path, tmp_path: Path) -> None:
        assert not batch.is_class(work)
        folder = tmp_path / "class"
        folder.mkdir()
        for name in ("ada", "grace"):
            zipped(folder / f"{name}.zip", **{"solve.sh": "true"})
        assert batch.is_class(folder)
        assert [path.name for path in batch.submissions(folder)] == ["ada.zip", "grace.zip"]

    def test_parts_cover_the_class_once(self) -> None:
        everything = [Path(str(n)) for n in range(10)]
        parts = [batch.shard(everything, f"{n}/3") for n in (1, 2, 3)]
        assert sorted(sum(parts, [])) == sorted(everything)
        for wrong in ("0/3", "4/3", "x", "1", "1/0"):
            with pytest.raises(ValueError):
                batch.shard(everything, wrong)

    def test_a_refused_submission_is_a_result_without_a_score(self, tmp_path: Path) -> None:
        (tmp_path / "broken.zip").write_text("no zip")
        grader = Grader.of(letters())
        found = batch.grade_class(grader, [tmp_path / "broken.zip"], tmp_path / "results")
        assert (found[0].result.status, found[0].result.score) == ("error", None)
        rows = (tmp_path / "results/results.csv").read_text().splitlines()
        assert rows[1].startswith("broken,broken,90,error,,")

    def test_the_key_changes_with_everything_that_matters(self, work: Path, tmp_path: Path) -> None:
        grader = Grader.of(letters())
        taken = take_in(work, letters(), tmp_path / "a")
        first = batch.key(grader, work, taken)
        assert batch.key(grader, work, taken) == first
        (work / "solve.sh").write_text("echo other\n")
        assert batch.key(grader, work, take_in(work, letters(), tmp_path / "b")) != first
        assert (
            batch.key(grader, work, take_in(work, letters(), tmp_path / "c", student="x")) != first
        )
