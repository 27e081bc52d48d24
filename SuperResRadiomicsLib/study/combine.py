"""One table of all cases' features."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION
from ..errors import OutputError, StudyError
from ..io.csv_tables import NOTICE_COLUMN, guarded
from ..io.files import write_json
from ..io.outputs import output_set
from .folder import StudyFolder
from .manifest import Case
from .part import METADATA_KEY, read_part
from .protocol import Protocol

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_TOGETHER = 50_000
"""Rows of a row group: bounds the memory whatever the cohort's size."""


def combine(folder: StudyFolder, protocol: Protocol, key: str, cases: Sequence[Case], overwrite: bool = False) -> Path:
    """Write the features of every done case, in the order of the manifest, with patient, group and retest_of.

    Args:
        folder: The study's folder.
        protocol: Goes into the file's metadata and the record.
        key: Of the cases' files.
        cases: The manifest.
        overwrite: Replace files of these names that no run wrote.

    Returns:
        The Parquet file, beside which the same lies as CSV; the same cases give the same bytes.

    Raises:
        StudyError: No case is done, or a case's file is damaged.
        OutputError: The files cannot be written, or the user's own are in the way.
    """
    files = folder.current_files(key, [case.name for case in cases])
    done = [case for case in cases if case.name in files and files[case.name].done]
    if not done:
        raise StudyError("No case of the study is done, so there are no features to put together. Run it first.")
    content = {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "key": key,
        "protocol": protocol.model_dump(mode="json"),
    }
    parts = (_with_manifest(read_part(files[case.name].path), case) for case in done)
    names = [folder.features.name, folder.features_table.name]
    with output_set(folder.results, folder.features_record.name, names=names, overwrite=overwrite) as staging:
        _write(_batches(parts), content, *(staging / name for name in names))
        write_json(staging / folder.features_record.name, content)
    return folder.features


def _write(tables: Iterator[pa.Table], content: dict[str, Any], parquet: Path, csv: Path) -> None:
    """Write tables below each other into one Parquet and one CSV file."""
    import pyarrow.parquet as pq
    from pyarrow.csv import CSVWriter

    first = next(tables)
    schema = first.schema.with_metadata({METADATA_KEY: json.dumps(content, sort_keys=True).encode()})
    try:
        with pq.ParquetWriter(parquet, schema) as whole, CSVWriter(csv, _guarded(first).schema) as plain:
            for table in chain([first], tables):
                checked = _as_schema(table, schema)
                whole.write_table(checked, row_group_size=ROWS_TOGETHER)
                plain.write_table(_guarded(checked))
    except OSError as error:
        raise OutputError(
            f"The features of all cases could not be written: {error.strerror or error}. Those of each case are safe; "
            "run the study again when there is space."
        ) from error


def _guarded(table: pa.Table) -> pa.Table:
    """Guard the table for CSV: no text that a spreadsheet would run, and the notice as last column."""
    import pyarrow as pa

    for number, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            cells = [guarded(cell) for cell in table.column(number).to_pylist()]
            table = table.set_column(number, field.name, pa.array(cells, pa.string()))
    notice = pa.array([NOT_FOR_CLINICAL_USE] * table.num_rows, pa.string())
    return table.append_column(NOTICE_COLUMN, notice).replace_schema_metadata(None)


def _batches(parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    import pyarrow as pa

    held: list[pa.Table] = []
    for part in parts:
        held.append(part)
        if sum(table.num_rows for table in held) >= ROWS_TOGETHER:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _with_manifest(table: pa.Table, case: Case) -> pa.Table:
    import pyarrow as pa

    added = {"patient": case.patient, "group": case.group, "retest_of": case.retest_of}
    for position, (name, value) in enumerate(added.items(), start=1):
        table = table.add_column(position, name, pa.array([value] * table.num_rows, pa.string()))
    return table.replace_schema_metadata(None)


def _as_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    if table.schema.names != schema.names:
        different = sorted(set(table.schema.names) ^ set(schema.names))
        raise StudyError(
            f"The cases' files hold different features ({', '.join(different[:5])}). Remove the folder results/cases "
            "and run the study again."
        )
    return table.replace_schema_metadata(schema.metadata)
