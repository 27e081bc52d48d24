"""The command lines that do what the panel's choices would do."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from .choices import featureSettings, modalityOf
from .featuresettings import AUTOMATIC
from .parameters import ALL_SEGMENTS, ROI, SEGMENT, Parameters

PROGRAM = "superres-radiomics"
RESULTS, STUDY, IMAGES = "results", "study", "images"
"""Folders to be replaced by the user's own."""
MASK = "lesion_mask.nrrd"


def commandLines(parameters: Parameters, samples: int | None = None) -> list[str]:
    """Commands for one case and for a folder of cases, in the order in which to run them.

    Args:
        parameters: The choices.
        samples: How many samples are drawn; None for a model that draws none.
    """
    modality = _modality(parameters)
    enhance = [
        PROGRAM,
        "enhance",
        _imageFile(parameters.inputVolume),
        "--model",
        parameters.model,
        *_lesion(parameters),
    ]
    enhance += [
        *modality,
        *_samples(samples),
        "--device",
        parameters.device,
        "--precision",
        parameters.precision,
        "--out",
        RESULTS,
    ]
    commands = [enhance]
    if parameters.lesionKind in (SEGMENT, ALL_SEGMENTS):
        commands.append([PROGRAM, "compare", RESULTS, *_features(featureSettings(parameters)), "--report"])
    commands += [
        [PROGRAM, "study", "init", STUDY, "--folder", IMAGES, *modality],
        [PROGRAM, "study", "run", STUDY],
        [PROGRAM, "study", "report", STUDY],
    ]
    return [shlex.join(command) for command in commands]


def hints(parameters: Parameters) -> str:
    """What to save first, so that the commands find it."""
    found = []
    if _savedFile(parameters.inputVolume) is None:
        found.append(_("Save the volume as '{file}'.").format(file=_imageFile(parameters.inputVolume)))
    if parameters.lesionKind in (SEGMENT, ALL_SEGMENTS):
        found.append(
            _(
                "Export the lesion as a label image on the volume's grid as '{file}' (Segmentations: Export to files)."
            ).format(file=MASK)
        )
    found.append(
        _(
            "For many cases put images and masks into the folder '{folder}', as NAME_image.nrrd and NAME_mask.nrrd."
        ).format(folder=IMAGES)
    )
    return " ".join(found)


def _modality(parameters: Parameters) -> list[str]:
    modality = modalityOf(parameters)
    return [] if modality == "unknown" else ["--modality", modality]


def _samples(samples: int | None) -> list[str]:
    return [] if samples is None else ["--samples", str(samples)]


def _lesion(parameters: Parameters) -> list[str]:
    margin = ["--margin", f"{parameters.margin:g}"]
    if parameters.lesionKind in (SEGMENT, ALL_SEGMENTS):
        return ["--mask", MASK, *margin]
    if parameters.lesionKind == ROI:
        return ["--box", _box(parameters), *margin]
    return []


def _features(settings: dict[str, Any]) -> list[str]:
    """Options of ``compare`` for the feature panel's settings; what has no option is left to its default."""
    values = {"--engine": _engine(settings.get("engine", AUTOMATIC)), "--parameters": settings.get("parameters")}
    if not settings.get("parameters"):  # A file says all but the engine.
        values |= _plainFeatures(settings)
    arguments = []
    for option, value in values.items():
        if value is not None:
            arguments += [option, f"{value}"]
    return arguments


def _engine(asked: str) -> str:
    """The engine by name: the command line has no automatic one."""
    from SuperResRadiomicsLib.radiomics.engines import default_engine

    return default_engine() if asked == AUTOMATIC else asked


def _plainFeatures(settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "--bin-width": settings.get("bin_width"),
        "--bin-count": settings.get("bin_count"),
        "--classes": ",".join(settings.get("classes", ())) or None,
        "--dimension": settings.get("dimension"),
        "--filters": ",".join(settings.get("filters", ())) or None,
    }


def _box(parameters: Parameters) -> str:
    """The ROI as the command line wants it; ``auto`` where there is none that fits: what a detector finds."""
    from SuperResRadiomicsLib.errors import SuperResError
    from SuperResRadiomicsLib.io.mrml import box_from_roi_node

    try:
        box = box_from_roi_node(parameters.roi, parameters.inputVolume) if parameters.roi else None
    except SuperResError:
        box = None
    return ",".join(f"{a},{b}" for a, b in zip(box.start, box.stop, strict=True)) if box else "auto"


def _savedFile(volume: Any) -> str | None:
    storage = volume.GetStorageNode()
    return (storage.GetFileName() or None) if storage else None


def _imageFile(volume: Any) -> str:
    """The file that the volume came from or was saved to; else a name for it that says nothing of the patient."""
    saved = _savedFile(volume)
    return Path(saved).as_posix() if saved else "image.nrrd"
