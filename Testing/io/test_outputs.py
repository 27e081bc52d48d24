"""Output sets: all or nothing, replaced as a whole, and nothing that is not ours is ever touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from SuperResRadiomicsLib.errors import OutputError
from SuperResRadiomicsLib.io.files import prepare_folder
from SuperResRadiomicsLib.io.leftovers import temporary_path
from SuperResRadiomicsLib.io.outputs import output_set, save_record
from SuperResRadiomicsLib.io.records import HASHES, read_record, verified_record


def write_set(folder: Path, record: str = "set.json", built_on: str | None = None, **texts: str) -> None:
    """Write a set of text files with this software's own means."""
    with output_set(folder, record, names=texts, built_on=built_on) as staging:
        for name, text in texts.items():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_text(text)
        (staging / record).write_text("{}")


def contents(folder: Path) -> dict[str, str]:
    """Texts by name of everything but records."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".json"]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def test_files_arrive_together(tmp_path):
    out = tmp_path / "new" / "out"
    with output_set(out, "set.json") as folder:
        assert folder.name == "out"
        (folder / "a.txt").write_text("a")
        (folder / "set.json").write_text('{"x": 1.5}')
        assert not (out / "a.txt").exists()
    assert sorted(path.name for path in out.iterdir()) == ["a.txt", "set.json"]
    assert verified_record(out / "set.json")["x"] == 1.5


def test_a_set_is_replaced_as_a_whole_and_other_files_are_kept(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    write_set(tmp_path, **{"a.txt": "old", "b.txt": "old", "sub/c.txt": "old", "sub/sub/d.txt": "old"})
    write_set(tmp_path, **{"a.txt": "new"})
    assert contents(tmp_path) == {"a.txt": "new", "mine.txt": "mine"}
    assert not (tmp_path / "sub").exists()


def test_what_is_built_on_a_set_goes_with_it(tmp_path):
    write_set(tmp_path, "base.json", **{"image": "1"})
    write_set(tmp_path, "table.json", "base.json", table="of 1")
    write_set(tmp_path, "other.json", other="kept")
    write_set(tmp_path, "base.json", image="2")
    assert contents(tmp_path) == {"image": "2", "other": "kept"}
    assert not (tmp_path / "table.json").exists()


def test_what_a_set_is_built_on_must_not_change_meanwhile(tmp_path):
    write_set(tmp_path, "base.json", image="1")
    with (
        pytest.raises(OutputError, match=r"'base.json' changed"),
        output_set(tmp_path, "table.json", built_on="base.json") as staging,
    ):
        (staging / "table.json").write_text("{}")
        save_record(tmp_path / "base.json", {"other": True})
    assert not (tmp_path / "table.json").exists()


@pytest.mark.parametrize("name", ["a.txt", "set.json"])
def test_a_file_of_the_users_is_refused_before_the_work(tmp_path, name):
    (tmp_path / name).write_text('{"mine": 1}')
    with pytest.raises(OutputError, match=name), output_set(tmp_path, "set.json", names=["a.txt"]):
        pytest.fail("the work began")
    assert (tmp_path / name).read_text() == '{"mine": 1}'
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_appears_meanwhile_is_refused_too(tmp_path):
    with pytest.raises(OutputError, match=r"a\.txt"), output_set(tmp_path, "set.json") as staging:
        (staging / "a.txt").write_text("ours")
        (staging / "set.json").write_text("{}")
        (tmp_path / "a.txt").write_text("mine")
    assert contents(tmp_path) == {"a.txt": "mine"}


def test_a_result_that_the_user_changed_is_the_users(tmp_path):
    write_set(tmp_path, **{"a.txt": "ours"})
    (tmp_path / "a.txt").write_text("mine now")
    with pytest.raises(OutputError, match="changed since"):
        write_set(tmp_path, **{"b.txt": "new"})
    assert contents(tmp_path) == {"a.txt": "mine now"}


def test_a_changed_record_makes_nothing_ours(tmp_path):
    """A record that was tampered with must not talk this software into removing a user's file."""
    write_set(tmp_path, **{"a.txt": "ours"})
    (tmp_path / "mine.txt").write_text("mine")
    record = json.loads((tmp_path / "set.json").read_text())
    (tmp_path / "set.json").write_text(json.dumps(record | {"note": "edited"}))
    with pytest.raises(OutputError, match=r"set\.json"):
        write_set(tmp_path, **{"b.txt": "new"})
    assert contents(tmp_path) == {"a.txt": "ours", "mine.txt": "mine"}


@pytest.mark.parametrize("name", ["../mine.txt", "/etc/hostname", "a//b", "..\\mine.txt", "c:mine.txt", ""])
def test_a_record_reaches_nothing_outside_of_its_folder(tmp_path, name):
    folder = tmp_path / "out"
    write_set(folder, **{"a.txt": "ours"})
    record = json.loads((folder / "set.json").read_text())
    record[HASHES][name] = "0" * 64
    (folder / "set.json").write_text(json.dumps(record))
    assert read_record(folder / "set.json") is None


def test_a_link_in_the_place_of_a_result_is_the_users(tmp_path):
    folder, mine = tmp_path / "out", tmp_path / "mine.txt"
    write_set(folder, **{"a.txt": "same"})
    mine.write_text("same")
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to(mine)
    with pytest.raises(OutputError, match=r"a\.txt"):
        write_set(folder, **{"a.txt": "new"})
    assert mine.read_text() == "same"


def test_overwrite_replaces_the_users_files_but_no_input(tmp_path):
    (tmp_path / "a.txt").write_text("mine")
    with output_set(tmp_path, "set.json", names=["a.txt"], overwrite=True) as staging:
        (staging / "a.txt").write_text("new")
        (staging / "set.json").write_text("{}")
    assert contents(tmp_path) == {"a.txt": "new"}
    with (
        pytest.raises(OutputError, match="is an input"),
        output_set(tmp_path, "set.json", names=["b.txt"], inputs=[tmp_path / "a.txt"], overwrite=True),
    ):
        pytest.fail("the work began: the earlier set holds the input")


def test_an_input_is_known_by_any_name(tmp_path):
    (tmp_path / "scan.nrrd").write_text("scan")
    os.link(tmp_path / "scan.nrrd", tmp_path / "a.nrrd")
    with (
        pytest.raises(OutputError, match="is an input"),
        output_set(tmp_path, "s.json", names=["a.nrrd"], inputs=[tmp_path / "scan.nrrd"], overwrite=True),
    ):
        pytest.fail("the work began")


@pytest.mark.parametrize("out", ["series", "series/results"])
def test_results_do_not_lie_in_an_input_folder(tmp_path, out):
    (tmp_path / "series").mkdir()
    with (
        pytest.raises(OutputError, match="the input 'series'"),
        output_set(tmp_path / out, "set.json", inputs=[tmp_path / "series"], overwrite=True),
    ):
        pytest.fail("the work began")
    assert list((tmp_path / "series").iterdir()) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_a_failure_nothing_new_remains(tmp_path, error):
    out = tmp_path / "out"
    with pytest.raises(error), output_set(out, "set.json") as folder:
        (folder / "a.txt").write_text("a")
        raise error
    assert not out.exists()


def test_after_a_failure_the_earlier_set_stays(tmp_path):
    write_set(tmp_path, **{"a.txt": "old"})
    with pytest.raises(ValueError, match="broken"), output_set(tmp_path, "set.json") as folder:
        (folder / "a.txt").write_text("new")
        raise ValueError("broken")
    assert contents(tmp_path) == {"a.txt": "old"}
    assert verified_record(tmp_path / "set.json")


def test_a_file_in_the_folders_place_is_refused_at_once(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="'out' cannot be used"), output_set(tmp_path / "out", "set.json"):
        pytest.fail("the work began")


def test_results_that_are_not_whole_are_refused(tmp_path):
    write_set(tmp_path, **{"a.txt": "ours", "b.txt": "ours"})
    assert set(verified_record(tmp_path / "set.json")["sha256"]) == {"a.txt", "b.txt", "set.json"}
    (tmp_path / "b.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"'b\.txt' is missing or changed"):
        verified_record(tmp_path / "set.json")
    (tmp_path / "b.txt").write_text("ours")
    (tmp_path / "a.txt").unlink()
    with pytest.raises(OutputError, match=r"'a\.txt' is missing or changed"):
        verified_record(tmp_path / "set.json")
    (tmp_path / "set.json").write_text('{"sha256": [1]}')
    with pytest.raises(OutputError, match="damaged"):
        verified_record(tmp_path / "set.json")


@given(
    st.dictionaries(st.sampled_from("abcde"), st.text("xy"), min_size=1),
    st.dictionaries(st.sampled_from("abcde"), st.text("xy"), min_size=1),
    st.dictionaries(st.sampled_from("cdefg"), st.text("xy")),
)
def test_a_users_file_outlives_every_pair_of_runs(tmp_path_factory, first, second, mine):
    folder = tmp_path_factory.mktemp("out")
    write_set(folder, **first)
    users = {name: text for name, text in mine.items() if name not in first}
    for name, text in users.items():
        (folder / name).write_text(text)
    try:
        write_set(folder, **second)
        expected = second | users
    except OutputError:
        assert second.keys() & users.keys()
        expected = first | users
    assert contents(folder) == expected


def test_two_runs_in_one_folder_leave_one_whole_set(tmp_path):
    """Every set's files hold the same letter; mixed sets would hold two."""
    names = [f"{number}.txt" for number in range(5)]

    def run(letter: str) -> None:
        for _ in range(5):
            write_set(tmp_path, **dict.fromkeys(names, letter))

    threads = [threading.Thread(target=run, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(contents(tmp_path).values())) == 1
    assert verified_record(tmp_path / "set.json")


def test_only_dead_leftovers_of_ours_are_cleared_away(tmp_path):
    code = "from pathlib import Path; from SuperResRadiomicsLib.io.leftovers import *; import sys; "
    code += "folder = Path(sys.argv[1]); temporary_path(folder).mkdir(); temporary_path(folder, '.nii.gz').touch()"
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True, cwd=Path(__file__).resolve().parents[2])
    alive = temporary_path(tmp_path)
    alive.mkdir()
    elsewhere = tmp_path / ".writing-00000000-999999999-00000000"
    users = tmp_path / ".writing-notes"
    elsewhere.mkdir()
    users.touch()
    assert len(list(tmp_path.iterdir())) == 5
    prepare_folder(tmp_path)
    assert set(tmp_path.iterdir()) == {alive, elsewhere, users}


def interrupted_before_line(number, folder):
    """Begin to write a set with Ctrl-C striking before so many further lines have run; False: the work began before."""
    manager = output_set(folder, "set.json")
    lines = 0

    def strike(frame, event, argument):
        nonlocal lines
        lines += event == "line"
        if lines > number:
            sys.settrace(None)
            raise KeyboardInterrupt
        return strike

    try:
        sys.settrace(strike)
        manager.__enter__()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    error = ValueError("enough")
    manager.__exit__(ValueError, error, None)
    return False


def test_an_interruption_at_any_moment_before_the_work_leaves_nothing(tmp_path):
    number = 0
    while interrupted_before_line(number, tmp_path / "out"):
        assert list(tmp_path.iterdir()) == [], f"after line {number}"
        number += 1
    assert number > 20, "the lines of what is called count too"
