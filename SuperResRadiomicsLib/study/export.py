"""A study's features as one plain CSV, for R, scikit-survival and other tools of one's choice."""

from __future__ import annotations

from collections.abc import Sequence

from .cube import Cube
from .manifest import Case
from .tables import Table, cell


def feature_table(cube: Cube, cases: Sequence[Case], binning: str) -> Table:
    """Lay out the features of the lesions as they are: a line for each lesion and version.

    Args:
        cube: The features.
        cases: The manifest, whose columns of the user's own (outcomes, times) stand beside.
        binning: Under which grey levels.

    Returns:
        A table of case, patient, group, version, the user's columns and every feature; empty cells where a feature is
        not defined.
    """
    known = {case.name: case for case in cases}
    own = list(dict.fromkeys(name for case in cases for name in case.covariates))
    rows = []
    for version in cube.versions:
        values = cube.of(version, binning=binning)
        for row, name in enumerate(cube.cases):
            covariates = known[name].covariates if name in known else {}
            told = (
                name,
                cube.patients[row],
                cube.groups[row],
                version,
                *(covariates.get(column, "") for column in own),
            )
            rows.append((*told, *(cell(value) for value in values[row])))
    return Table(
        "features",
        "Features of every lesion",
        f"The lesions as they are, {binning}; the manifest's own columns beside them.",
        ("case", "patient", "group", "version", *own, *cube.features),
        rows,
    )
