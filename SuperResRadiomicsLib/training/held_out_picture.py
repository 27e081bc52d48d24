"""A picture of a held-out slice: what the model was given, what it made of it, the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from .. import NOT_FOR_CLINICAL_USE
from ..enhancement import LoadedModel
from ..errors import SettingsError
from ..io.files import atomic_path
from .config import TrainingConfig
from .evaluation.cases import HeldOutCase, load_cases
from .evaluation.enhancement import baseline, check_fits, restore
from .evaluation.methods import CLASSICAL, NETWORK, methods_for, network_method
from .model_page import METHOD_NAMES
from .validation import fixed_degradations
from .volumes import list_volumes

SIDE_PX = 160
"""Side of the part that is shown, around the lesion or the middle of the slice."""


def write_held_out_picture(model: LoadedModel, config: TrainingConfig, path: Path, case_path: str | None = None) -> str:
    """Show a test case under the strongest judged degradation.

    Args:
        model: The model, loaded.
        config: The configuration it was trained with.
        path: The PNG to write.
        case_path: Path of the test case in the data folder; the first one without.

    Returns:
        A caption: case, slice and degradation.

    Raises:
        SettingsError: No such test case, or a configuration for another model.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    check_fits(model, config)
    entries = [e for e in list_volumes(config.data, config.run.seed) if case_path in (None, e.path)]
    if not any(entry.role == "test" for entry in entries):
        raise SettingsError(f"'{case_path}' is no test case of the configuration '{config.name}'.")
    case = load_cases(config, entries, "test")[0]
    fixed = fixed_degradations(config)[-1]
    rival = baseline(methods_for(config))
    methods = {rival: CLASSICAL[rival], NETWORK: network_method(model)}
    _, images = restore(case, methods, config, fixed, None)
    number = case.close_slices[len(case.close_slices) // 2]
    panels = {METHOD_NAMES[name]: case.judged(voxels)[number] for name, voxels in images.items()}
    panels["truth"] = case.truth[number]
    part = _part(case, number)
    low, high = (-160.0, 240.0) if model.card.unit == "HU" else (0.0, 1.0)
    figure, axes = pyplot.subplots(1, len(panels), figsize=(3.2 * len(panels), 3.7), layout="constrained")
    for axis, (name, image) in zip(axes, panels.items(), strict=True):
        axis.imshow(image[part], cmap="gray", vmin=low, vmax=high, interpolation="nearest")
        axis.set_title(name if name != METHOD_NAMES[NETWORK] else model.card.display_name, fontsize=8)
        axis.axis("off")
    figure.supxlabel(NOT_FOR_CLINICAL_USE, fontsize=6, color="0.4")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100, metadata={"Description": NOT_FOR_CLINICAL_USE})
    pyplot.close(figure)
    return f"{case.entry.path}, slice {number}, {fixed.name}"


def _part(case: HeldOutCase, number: int) -> tuple[slice, slice]:
    lesion = case.lesion
    where = np.ones(case.truth.shape[1:], dtype=bool) if lesion is None else lesion[number]
    return _around(where, 0), _around(where, 1)


def _around(where: npt.NDArray[np.bool_], axis: int) -> slice:
    hit, size = np.flatnonzero(where.any(axis=1 - axis)), where.shape[axis]
    side = min(SIDE_PX, size)
    start = int(np.clip((hit[0] + hit[-1] + 1 - side) // 2, 0, size - side))
    return slice(start, start + side)
