"""What reading and enhancing a study's cases gave reason to warn of: no case stands in the results without it."""

from __future__ import annotations

from collections.abc import Mapping

from .folder import CaseFile
from .part import read_provenance
from .tables import Table


def case_warnings(files: Mapping[str, CaseFile]) -> dict[str, list[str]]:
    """Collect the warnings of cases with features.

    Args:
        files: What each case left, by its name.

    Returns:
        Sentences by case, in the order of the names; cases without any are left out.
    """
    found: dict[str, list[str]] = {}
    for name, file in sorted(files.items()):
        if not file.done:
            continue
        provenance = read_provenance(file.path)
        said = dict.fromkeys(provenance["warnings"])
        for version in provenance["versions"].values():
            said |= dict.fromkeys((version or {}).get("warnings", ()))
        if said:
            found[name] = list(said)
    return found


def warning_tables(warnings: Mapping[str, list[str]]) -> list[Table]:
    """List the warnings, a line for each; no table where there are none.

    Examples:
        >>> [table] = warning_tables({"a": ["The lesion has only 9 voxels."]})
        >>> table.rows, warning_tables({})
        ([('a', 'The lesion has only 9 voxels.')], [])
    """
    rows = [(case, warning) for case, said in warnings.items() for warning in said]
    if not rows:
        return []
    return [
        Table(
            "case_warnings",
            "What is worth knowing of cases",
            "Said when they were read and enhanced. They are in the statistics all the same.",
            ("case", "warning"),
            rows,
        )
    ]
