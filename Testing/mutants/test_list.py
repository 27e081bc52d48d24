"""The list of mutants fits the code: `make mutants` itself takes minutes and is not run here."""

from __future__ import annotations

import pytest

from Testing.mutants.mutants import LIST, REPOSITORY, Mutant, Trial, passes, read_mutants

MUTANTS = read_mutants()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: str(mutant)[:100])
def test_each_line_is_there_once_and_its_tests_too(mutant):
    changed = mutant.broken((REPOSITORY / mutant.file).read_text(encoding="utf-8"))
    compile(changed, mutant.file, "exec")
    for test in mutant.tests:
        file, _, named = test.partition("::")
        function, _, _ = named.partition("[")
        assert function, f"{LIST.name} names a whole file, which takes longer: {test}"
        assert f"def {function}(" in (REPOSITORY / file).read_text(encoding="utf-8"), f"{LIST.name} names {test}"


def test_rooms_that_have_mutants_keep_some():
    """Of the package's own rooms; the module has some too."""
    assert len(MUTANTS) >= 150
    rooms = {mutant.file.split("/")[1] for mutant in MUTANTS if mutant.file.startswith("SuperResRadiomicsLib/")}
    assert rooms >= {
        "cli", "demo", "detect", "enhancement", "grid", "io", "metrics", "models", "networks", "operators", "papers",
        "radiomics", "report", "stability", "study", "terminal", "training", "verdict", "worker",
    }  # fmt: skip


def test_a_mutant_is_noticed_or_survives_and_the_tree_is_left_as_it_was(tmp_path):
    (tmp_path / "sum.py").write_text("def plus(a, b):\n    return a + b\n")
    (tmp_path / "test_sum.py").write_text("from sum import plus\n\n\ndef test_plus():\n    assert plus(2, 2) == 4\n")
    tests = ("test_sum.py",)
    before = (tmp_path / "sum.py").stat().st_mtime_ns
    assert passes(tmp_path, tests, "spawn", keep_compiled=True)
    assert not Trial(tmp_path, Mutant("sum.py", "a + b", "a - b", tests), "spawn").survived()
    assert Trial(tmp_path, Mutant("sum.py", "a + b", "a * b", tests), "spawn").survived()
    assert passes(tmp_path, tests, "spawn")
    assert (tmp_path / "sum.py").stat().st_mtime_ns == before
    with pytest.raises(ValueError, match="occurs 2 times"):
        Mutant("sum.py", "a", "b", tests).broken("aa")
