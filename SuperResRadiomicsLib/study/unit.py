"""One case from its files to its durable result: the unit of work of a study."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import SuperResRadiomicsLib as srr

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ..errors import GridError, ImageError, MaskError, RegionError, SettingsError, StudyError, SuperResError
from ..grid import BoolArray
from ..io.choices import ANY_MASK, MaskChoice
from ..io.dicom_masks import frame_notes
from ..io.image import Image
from ..io.masks import load_mask
from ..models.intervals import CONFIDENCE, read_calibrations
from ..radiomics.engines import ENGINES
from ..radiomics.grey_levels import feature_warnings
from ..radiomics.lesion_size import check_lesion
from ..radiomics.maps import check_numba
from ..radiomics.sampled import NOT_OF_THE_MEAN_IMAGE
from .folder import KEY_LENGTH, StudyFolder
from .inputs import describe_inputs, inputs_unchanged
from .manifest import Case
from .maps import write_maps
from .measure import Measurement, interval_settings, measure_versions
from .part import INDEX_COLUMNS, read_provenance, write_part
from .perturbations import UNCHANGED
from .protocol import Protocol
from .samples import Samples
from .versions import Lesion, Version, make_versions

THE_CASES_OWN = (ImageError, MaskError, GridError, RegionError, SettingsError, StudyError)
"""Errors that come again with the same inputs; others (a full disk, a missing package) are tried again."""


@dataclass(frozen=True)
class Job:
    """A case and all that its features depend on; small, so that it travels to a worker.

    Attributes:
        folder: The study's folder.
        case: The case.
        protocol: The protocol.
        key: Stands for the protocol, the software and the models.
    """

    folder: StudyFolder
    case: Case
    protocol: Protocol
    key: str


@dataclass(frozen=True)
class Outcome:
    """How a case ended.

    Attributes:
        case: Its name.
        error: What went wrong, in a sentence; nothing where all went well.
    """

    case: str
    error: str | None = None


@dataclass(frozen=True)
class Prepared:
    """A case that is ready to be measured.

    Attributes:
        versions: The versions by name, once for each image that perturbations gave; the unchanged one first.
        dimension: ``2D`` or ``3D``, decided once on the whole base image.
        through_plane: Grid axis perpendicular to the slices, likewise.
        warnings: What reading the case gave reason to warn of.
    """

    versions: list[dict[str, Version]]
    dimension: str
    through_plane: int
    warnings: tuple[str, ...] = ()


Made = Prepared | Outcome
"""A case that is ready, or why it is not."""


def study_key(protocol: Protocol) -> str:
    """Hash everything but the inputs that features depend on: protocol, software, models.

    Raises:
        ModelError: A model of the protocol is not there, or not valid.
        MissingDependencyError: The engine is not installed, or numba where maps are asked for.
    """
    if protocol.maps is not None:
        check_numba()
    cards = {name: srr.load_card(str(section.model)) for name, section in protocol.models.items()}
    intervals = {}
    for name, card in cards.items():
        if known := read_calibrations(card, "features"):
            intervals[name] = [each.to_dict() for each in known]
    content = {
        "schema_version": SCHEMA_VERSION,
        "protocol": protocol.identity(),
        "package": __version__,
        "engine": ENGINES[protocol.features.engine].version(),
        "models": {name: card.sha256 for name, card in cards.items()},
        **({"intervals": intervals} if intervals else {}),
        "columns": INDEX_COLUMNS,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:KEY_LENGTH]


def case_seed(protocol: Protocol, case: str) -> int:
    """Derive the seed of everything random about a case, from the protocol's seed and the case's name alone."""
    return int.from_bytes(hashlib.sha256(f"{protocol.seed}:{case}".encode()).digest()[:7], "big")


def is_current(path: Path, case: Case) -> bool:
    """Say whether a case's file holds features of the inputs that the manifest names now."""
    try:
        provenance = read_provenance(path)
    except (OSError, ValueError):
        return False
    return bool(provenance["case"] == _identity(case)) and inputs_unchanged(provenance["inputs"], case.files)


def error_is_current(content: Mapping[str, Any], case: Case) -> bool:
    """Say whether a recorded error is the case's own, and of the inputs that the manifest names now."""
    same = content.get("lasting") and content.get("case") == _identity(case)
    return bool(same) and inputs_unchanged(content.get("inputs", {}), case.files)


def run_case(job: Job) -> Outcome:
    """Do a whole case: versions, features, file. Errors are recorded, not raised."""
    return measure_case(job, make_case(job))


def make_case(job: Job) -> Made:
    """Do the first half of a case: read it and make every version (what a GPU is for)."""
    _use_one_thread(bool(job.protocol.models))
    try:
        return _prepare(job)
    except Exception as error:
        return record_error(job, error)


def measure_case(job: Job, made: Made) -> Outcome:
    """Do the second half of a case: features of every version, and the file."""
    if isinstance(made, Outcome):
        return made
    _use_one_thread(False)
    try:
        if job.protocol.maps is not None:
            target = job.folder.maps / job.case.name
            write_maps(target, made.versions[0], job.protocol, made.dimension, made.through_plane, job.key)
        path = job.folder.done_path(job.case.name, job.key)
        write_part(path, job.case.name, list(_measurements(job, made)), _provenance(job, made))
        job.folder.bad_path(job.case.name, job.key).unlink(missing_ok=True)
    except Exception as error:
        return record_error(job, error)
    return Outcome(job.case.name)


def record_error(job: Job, error: BaseException) -> Outcome:
    """Write down why a case is bad; where even that fails, only say it."""
    message = str(error) or type(error).__name__
    expected = isinstance(error, SuperResError)
    content = {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "case": _identity(job.case),
        "error": message,
        "type": type(error).__name__,
        "lasting": isinstance(error, THE_CASES_OWN),
        "traceback": None if expected else "".join(traceback.format_exception(error)),
        "inputs": describe_inputs({role: path for role, path in job.case.files.items() if path.exists()}),
    }
    try:
        job.folder.write_error(job.case.name, job.key, content)
    except SuperResError as second:
        message = f"{message} ({second})"
    return Outcome(job.case.name, message)


def _identity(case: Case) -> dict[str, Any]:
    """Describe what a case's features depend on beside its files and the key."""
    chosen = {"label": case.label, "segment": case.segment, "roi": case.roi, "series": case.series}
    return {"name": case.name, "modality": case.modality, **chosen}


def _prepare(job: Job) -> Prepared:
    case, protocol = job.case, job.protocol
    image = srr.read_image(case.image, case.modality, case.image_choice)
    reference = srr.read_image(case.reference, case.modality) if case.reference else None
    base = image if reference is None else reference
    lesion = lesion_choice(case, protocol)
    drawn_on = case.image if case.reference is None else case.reference
    files = {UNCHANGED: case.mask, **case.readers}
    masks: dict[str, BoolArray] = {}
    of_masks: list[str] = []
    of_frames: list[str] = []
    for name, path in files.items():
        mask = load_mask(path, base.grid, lesion, base.voxels)
        masks[name] = mask.voxels
        of_masks += mask.notes
        of_frames += frame_notes(drawn_on, path)
    plain = protocol.plain_settings
    said = (*image.notes, *base.notes, *of_masks, *of_frames, *feature_warnings(base, masks[UNCHANGED], plain))
    versions = [make_versions(lesion, protocol) for lesion in _lesions(job, image, reference, masks)]
    dimension = protocol.plain_settings.resolve_dimension(base.grid)
    return Prepared(versions, dimension, base.slice_axis, tuple(dict.fromkeys(said)))


def lesion_choice(case: Case, protocol: Protocol) -> MaskChoice:
    """Choose the lesion in the masks as the manifest says, else as the protocol's parameter file."""
    chosen, features = case.mask_choice, protocol.features
    tolerance = features.geometry_tolerance
    if chosen == ANY_MASK:
        chosen = replace(chosen, label=features.label)
    chosen = replace(chosen, resamples=features.correct_mask)
    return chosen if tolerance is None else replace(chosen, tolerance=tolerance)


def _lesions(job: Job, image: Image, reference: Image | None, drawn: Mapping[str, BoolArray]) -> Iterator[Lesion]:
    """Gather all masks of one image, so that every image is enhanced once.

    Perturbations are those of the unchanged mask; other readers' masks stand beside it.
    """
    seed = case_seed(job.protocol, job.case.name)
    base = image if reference is None else reference
    masks, others = dict(drawn), []
    for name, perturbation in job.protocol.perturbed(seed).items():
        try:
            changed, moved = perturbation.apply(base, drawn[UNCHANGED])
            check_lesion(changed, moved)
        except MaskError:
            continue  # a small lesion is kept with the perturbations that it survives
        if changed is base:
            masks[name] = moved
        elif reference is None:
            others.append(Lesion(changed, {name: moved}, None, seed))
        else:
            raise SettingsError(
                f"The perturbation '{name}' changes the image, which has a reference of its own. Leave it out of the "
                "protocol, or the reference out of the manifest."
            )
    yield Lesion(image, masks, reference, seed)
    yield from others


def _measurements(job: Job, made: Prepared) -> Iterator[Measurement]:
    for versions in made.versions:
        yield from measure_versions(versions, job.protocol, made.dimension, made.through_plane)


def _provenance(job: Job, made: Prepared) -> dict[str, Any]:
    """Everything that a case's features depend on; no time and no worker, so that reruns give the same file."""
    versions = made.versions[0]
    base, engine = versions[job.protocol.base].image, job.protocol.features.engine
    return {
        "case": _identity(job.case),
        "key": job.key,
        "seed": case_seed(job.protocol, job.case.name),
        "inputs": describe_inputs(job.case.files),
        "engine": {"name": engine, "version": ENGINES[engine].version()},
        "dimension": made.dimension,
        "through_plane_axis": "ijk"[made.through_plane],
        "image": {"modality": base.modality, "unit": base.unit, "spacing_mm": list(base.spacing)},
        "warnings": list(made.warnings),
        "versions": {name: version.provenance for name, version in versions.items()},
        "samples": {
            name: _describe_samples(version.samples, job.protocol, made.dimension)
            for name, version in versions.items()
            if version.samples
        },
    }


def _describe_samples(samples: Samples, protocol: Protocol, dimension: str) -> dict[str, Any]:
    """Say that features are means over samples, and what their intervals are under each binning."""
    return {
        "note": NOT_OF_THE_MEAN_IMAGE.format(count=len(samples.images)),
        "confidence": CONFIDENCE,
        "intervals": {b: samples.describe(interval_settings(protocol, b, dimension)) for b in protocol.binnings},
    }


@lru_cache(maxsize=2)
def _use_one_thread(with_torch: bool) -> None:
    """Give one core to libraries that would take every core: a worker is one of many."""
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    if with_torch:
        import torch

        torch.set_num_threads(1)
