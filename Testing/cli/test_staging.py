import sys

import pytest

from SuperResRadiomicsLib.cli.staging import staged_folder
from SuperResRadiomicsLib.errors import OutputError


def test_files_arrive_together(tmp_path):
    out = tmp_path / "new" / "out"
    with staged_folder(out) as folder:
        assert folder.name == "out"
        (folder / "a.txt").write_text("a")
        (folder / "b.txt").write_text("b")
        assert not (out / "a.txt").exists()
    assert sorted(path.name for path in out.iterdir()) == ["a.txt", "b.txt"]


def test_files_of_an_earlier_run_are_replaced_and_others_kept(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "other.txt").write_text("other")
    with staged_folder(tmp_path) as folder:
        (folder / "a.txt").write_text("new")
    assert (tmp_path / "a.txt").read_text() == "new"
    assert (tmp_path / "other.txt").read_text() == "other"


def test_outdated_files_go_when_the_new_ones_come(tmp_path):
    for name in ("mask.nrrd", "image.nrrd"):
        (tmp_path / name).write_text("old")
    with staged_folder(tmp_path, ["mask.nrrd", "absent.nrrd"]) as folder:
        (folder / "image.nrrd").write_text("new")
        assert (tmp_path / "mask.nrrd").exists()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("image.nrrd", "new")]
    with pytest.raises(ValueError, match="broken"), staged_folder(tmp_path, ["image.nrrd"]):
        raise ValueError("broken")
    assert (tmp_path / "image.nrrd").read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_a_failure_nothing_new_remains(tmp_path, error):
    out = tmp_path / "out"
    with pytest.raises(error), staged_folder(out) as folder:
        (folder / "a.txt").write_text("a")
        raise error
    assert not out.exists()


def test_after_a_failure_earlier_files_stay(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ValueError, match="broken"), staged_folder(tmp_path) as folder:
        (folder / "a.txt").write_text("new")
        raise ValueError("broken")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "old")]


def test_a_file_in_the_folders_place_is_refused_at_once(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="'out' cannot be used"), staged_folder(tmp_path / "out"):
        pytest.fail("the work began")


def interrupted_before_line(number, folder):
    """Begin to stage with Ctrl-C striking before so many further lines have run; False: the work began before."""
    manager = staged_folder(folder)
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
    manager.__exit__(None, None, None)
    return False


def test_an_interruption_at_any_moment_before_the_work_leaves_nothing(tmp_path):
    number = 0
    while interrupted_before_line(number, tmp_path / "out"):
        assert list(tmp_path.iterdir()) == [], f"after line {number}"
        number += 1
    assert number > 20, "the lines of what is called count too"
