"""What one case leaves on disk: its features as Parquet, with everything that they depend on."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION
from ..io.files import atomic_path
from .measure import Measurement

if TYPE_CHECKING:
    import pyarrow as pa

METADATA_KEY = b"SuperResRadiomics"
LOW, HIGH = " low", " high"
"""What the columns of an interval's ends are called after the feature's key."""
INDEX_COLUMNS = ("case", "version", "mask", "binning", "voxels", "volume_mm3", "difference", "dice")


def write_part(path: Path, case: str, measurements: Sequence[Measurement], provenance: Mapping[str, Any]) -> None:
    """Write a case's features, whole or not at all; of samples the ends of their intervals beside them.

    Args:
        path: The Parquet file.
        case: The case's name.
        measurements: At least one, all with the same features.
        provenance: Everything that they depend on, ready for JSON.

    Raises:
        OutputError: The file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = {"schema_version": SCHEMA_VERSION, "notice": NOT_FOR_CLINICAL_USE, **provenance}
    columns: dict[str, Any] = {
        "case": pa.array([case] * len(measurements)),
        "version": pa.array([m.version for m in measurements]),
        "mask": pa.array([m.mask for m in measurements]),
        "binning": pa.array([m.binning for m in measurements]),
        "voxels": pa.array([m.voxels for m in measurements], pa.int64()),
        "volume_mm3": pa.array([m.volume_mm3 for m in measurements], pa.float64()),
        "difference": pa.array([m.difference for m in measurements], pa.float64()),
        "dice": pa.array([m.dice for m in measurements], pa.float64()),
    }
    for feature in measurements[0].features:
        columns[feature] = pa.array([m.features[feature] for m in measurements], pa.float64())
    for feature in dict.fromkeys(key for m in measurements for key in m.intervals):
        ends = [m.intervals.get(feature, (math.nan, math.nan)) for m in measurements]
        columns[feature + LOW] = pa.array([low for low, _ in ends], pa.float64())
        columns[feature + HIGH] = pa.array([high for _, high in ends], pa.float64())
    table = pa.table(columns).replace_schema_metadata({METADATA_KEY: json.dumps(content, sort_keys=True).encode()})
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary)


def read_provenance(path: Path) -> dict[str, Any]:
    """Read what `write_part` wrote beside the features.

    Raises:
        OSError, ValueError: The file is damaged or of another kind.
    """
    import pyarrow.parquet as pq

    metadata = pq.read_schema(path).metadata or {}
    content: dict[str, Any] = json.loads(metadata[METADATA_KEY]) if METADATA_KEY in metadata else {}
    if content.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"'{path.name}' was not written by this version of the software")
    return content


def read_part(path: Path) -> pa.Table:
    """Read the features that `write_part` wrote."""
    import pyarrow.parquet as pq

    return pq.read_table(path)
