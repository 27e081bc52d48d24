"""What was measured: the figures of every slice that was judged, and what they say of a method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Column = list[float | None]
SliceKey = tuple[str, str, int]
"""Patient, file and number in the file."""


@dataclass
class Record:
    """Figures of every judged slice, ready for JSON.

    Attributes:
        slices: Patient, file and slice number of each.
        regions: By region, method and figure one value for each slice; None where it is not defined.
    """

    slices: list[SliceKey] = field(default_factory=list)
    regions: dict[str, dict[str, dict[str, Column]]] = field(default_factory=dict)

    def add(self, patient: str, path: str, number: int, values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """Take in a slice's figures by region, method and figure."""
        for region, methods in values.items():
            for method, figures in methods.items():
                for figure, value in figures.items():
                    column = self.regions.setdefault(region, {}).setdefault(method, {}).setdefault(figure, [])
                    column += [None] * (len(self.slices) - len(column)) + [value]
        self.slices.append((patient, path, number))

    def closed(self) -> Record:
        """Fill up the columns to full length."""
        for methods in self.regions.values():
            for figures in methods.values():
                for column in figures.values():
                    column += [None] * (len(self.slices) - len(column))
        return self

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON-able values, to six significant digits."""
        values: dict[str, Any] = {}
        for region, methods in self.regions.items():
            values[region] = {}
            for method, figures in methods.items():
                values[region][method] = {figure: _rounded(column) for figure, column in figures.items()}
        return {"slices": [list(key) for key in self.slices], "values": values}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Record:
        """Read what `to_dict` made."""
        return cls([(patient, path, number) for patient, path, number in content["slices"]], content["values"])

    @property
    def patients(self) -> list[str]:
        """The patient of every slice."""
        return [patient for patient, _, _ in self.slices]

    def figures(self, region: str) -> tuple[str, ...]:
        """Name the figures that some method has in a region."""
        methods = self.regions.get(region, {}).values()
        return tuple(dict.fromkeys(figure for figures in methods for figure in figures))

    def columns(self, region: str, figure: str, methods: Iterable[str]) -> tuple[dict[str, list[float]], list[str]]:
        """Collect the methods' values on slices for which all of them have one, and those slices' patients."""
        rows = {name: self.regions.get(region, {}).get(name, {}).get(figure) for name in methods}
        present: dict[str, Any] = {}
        for name, column in rows.items():
            if column is not None and any(value is not None for value in column):
                present[name] = column
        kept = []
        for number in range(len(self.slices)):
            if all(column[number] is not None for column in present.values()):
                kept.append(number)
        values = {name: [float(column[number]) for number in kept] for name, column in present.items()}
        return values, [self.slices[number][0] for number in kept]

    def by_patient(self, region: str, figure: str, method: str) -> dict[str, float]:
        """Average a method's values over each patient's slices."""
        values, patients = self.columns(region, figure, (method,))
        column = values.get(method, [])
        of_patient: dict[str, list[float]] = {}
        for value, patient in zip(column, patients if column else (), strict=True):
            of_patient.setdefault(patient, []).append(value)
        return {patient: float(np.mean(own)) for patient, own in of_patient.items()}

    def summary(self, region: str, figure: str, method: str) -> dict[str, float]:
        """Compute the mean over patients, median and quartiles over slices; empty where the figure is not defined."""
        column = self.columns(region, figure, (method,))[0].get(method)
        if not column:
            return {}
        low, median, high = np.quantile(column, (0.25, 0.5, 0.75))
        mean = float(np.mean(list(self.by_patient(region, figure, method).values())))
        return {"mean": mean, "median": float(median), "lower_quartile": float(low), "upper_quartile": float(high)}


def _rounded(column: Iterable[float | None]) -> list[float | None]:
    return [None if value is None else float(f"{value:.6g}") for value in column]


def joined(parts: Mapping[str, tuple[Record, str]]) -> Record:
    """Join the methods of several records side by side, on the slices that all of them have.

    Args:
        parts: By the name that a method shall have: its record, and its name there.
    """
    shared = _in_all([record.slices for record, _ in parts.values()])
    result = Record(shared)
    for name, (record, method) in parts.items():
        place = {key: number for number, key in enumerate(record.slices)}
        order = [place[key] for key in shared]
        for region, methods in record.regions.items():
            columns = {}
            for figure, column in methods.get(method, {}).items():
                columns[figure] = [column[number] for number in order]
            result.regions.setdefault(region, {})[name] = columns
    return result


def _in_all(lists: Sequence[Sequence[SliceKey]]) -> list[SliceKey]:
    """Keep what every list holds, in the order of the first."""
    if not lists:
        return []
    shared = set.intersection(*map(set, lists))
    return [key for key in dict.fromkeys(lists[0]) if key in shared]
