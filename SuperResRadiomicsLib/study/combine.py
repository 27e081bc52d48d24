"""One table of all cases' features."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION
from ..errors import StudyError
from ..io.files import atomic_path
from .folder import StudyFolder
from .manifest import Case
from .part import METADATA_KEY, read_part
from .protocol import Protocol

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_TOGETHER = 50_000
"""Rows of a row group: bounds the memory whatever the cohort's size."""


def combine(folder: StudyFolder, protocol: Protocol, key: str, cases: Sequence[Case]) -> Path:
    """Write the features of every done case, in the order of the manifest, with patient, group and retest_of.

    Args:
        folder: The study's folder.
        protocol: Goes into the file's metadata.
        key: Of the cases' files.
        cases: The manifest.

    Returns:
        The Parquet file; the same cases give the same bytes.

    Raises:
        StudyError: No case is done, or a case's file is damaged.
        OutputError: The file cannot be written.
    """
    import pyarrow.parquet as pq

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
    with atomic_path(folder.features) as temporary:
        writer: pq.ParquetWriter | None = None
        for table in _batches(parts):
            if writer is None:
                schema = table.schema.with_metadata({METADATA_KEY: json.dumps(content, sort_keys=True).encode()})
                writer = pq.ParquetWriter(temporary, schema)
            writer.write_table(_as_schema(table, writer.schema), row_group_size=ROWS_TOGETHER)
        assert writer is not None
        writer.close()
    return folder.features


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
