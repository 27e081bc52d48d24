"""The main job on the sample case, from image to report."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import SuperResRadiomicsLib as srr

from ..enhancement.result import PROVENANCE_NAME
from ..io.outputs import output_set
from ..report.files import JSON_NAME, file_names, save_tables
from . import DEFAULT_MODEL
from .case import SampleCase
from .phantom import lung_nodule_phantom
from .sample import SampleError, lung1


@dataclass(frozen=True)
class Demonstration:
    """What a demo made.

    Attributes:
        case: What it worked on.
        table: The features.
        files: What was written.
        warnings: What the enhancement warned of.
    """

    case: SampleCase
    table: srr.FeatureTable
    files: list[Path]
    warnings: tuple[str, ...]


def sample_case(note: Callable[[str], None]) -> SampleCase:
    """Load the real case `lung1`; without it, after a note that says why, the phantom."""
    try:
        return lung1()
    except SampleError as error:
        note(f"The sample case lung1 is not to be had: {error}. The built-in phantom is used instead.")
        return lung_nodule_phantom()


def run_demo(
    folder: str | os.PathLike[str],
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    settings: srr.FeatureSettings | None = None,
    note: Callable[[str], None] = print,
    progress: Callable[[int, int], None] | None = None,
) -> Demonstration:
    """Enhance the sample case's lesion, compare its features, write images, tables and report.

    Args:
        folder: For the results; made if needed.
        model: Name or folder of a model.
        settings: Of the features; the defaults unless given.
        note: Told in one sentence when the phantom has to stand in.
        progress: Called with the number of tiles done and their total.

    Raises:
        SuperResError: The model or the outputs fail; see `enhance` and `compare`.
    """
    network = srr.load_model(model)
    case = sample_case(note)
    enhancement = srr.enhance(case.image, network, mask=case.mask, progress=progress)
    table = srr.compare(enhancement, settings, model=network.card)
    title = f"{case.image.name}, enhanced by {table.header.enhanced_column}"
    files = [*enhancement.save(folder).values()]
    names = file_names(report=True)
    with output_set(folder, JSON_NAME, names=names, built_on=PROVENANCE_NAME) as staging:
        save_tables(staging, table)
        srr.save_report(staging, enhancement, table, title, case.source, case.credit)
    files += [Path(folder) / name for name in names]
    return Demonstration(case, table, files, enhancement.warnings)
