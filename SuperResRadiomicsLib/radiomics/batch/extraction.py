"""Features of every case of a list, in one process or in several."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ...enhancement.origin import origin_notes
from ...errors import BatchError, MissingDependencyError, SettingsError, SuperResError
from ...grid import BoolArray, box_of_mask
from ...io.choices import ANY_IMAGE, ANY_MASK, ImageChoice, MaskChoice
from ...io.hashes import content_hash
from ...io.image import Image
from ...io.masks import read_image_with_mask
from ...progress import Progress
from ..engines import ENGINES
from ..extract import extract_features
from ..grey_levels import feature_warnings
from ..settings import FeatureSettings
from ..slow_shape import slow_shape_notes
from .cases import BatchCase, CaseList

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What came of one case.

    Attributes:
        case: The case.
        features: Values by feature key, NaN where one is not defined; empty where the case failed.
        diagnostics: What was measured, by pyradiomics' names of such columns; empty where the case failed.
        error: Why it failed, in a sentence; empty where it did not.
    """

    case: BatchCase
    features: dict[str, float] = field(default_factory=dict)
    diagnostics: dict[str, str] = field(default_factory=dict)
    error: str = ""


def extract_cases(
    listed: CaseList,
    settings: FeatureSettings,
    image_choice: ImageChoice = ANY_IMAGE,
    mask_choice: MaskChoice = ANY_MASK,
    jobs: int = 1,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> list[Outcome]:
    """Compute the features of every case; one that fails stops nothing.

    Args:
        listed: The cases.
        settings: One set of settings for all. Dimension "auto" is decided for each case on its own; bins that nobody
            asked for have the usual width in all of them.
        image_choice: Which image of a file or folder, and how it is read.
        mask_choice: What in a mask is the lesion; a case's own label and channel go before it.
        jobs: How many processes compute, at least 1.
        progress: Called with the number of cases done and of all.
        tell: Called with a sentence before a case that will take long, in the process that computes it.

    Returns:
        One outcome for each case, in the order of the list.

    Raises:
        SettingsError: Fewer than one job.
        MissingDependencyError: The engine, or what a class needs, is not installed.
        BatchError: A process died.
    """
    if jobs < 1:
        raise SettingsError(f"The number of jobs is {jobs}. Give a whole number of at least 1.")
    ENGINES[settings.engine].version()  # says at once, and not of every case, that it is not installed
    settings = settings.with_usual_bins()
    work = partial(_outcome, settings=settings, image_choice=image_choice, mask_choice=mask_choice, tell=tell)
    outcomes = []
    for outcome in _mapped(work, listed.cases, min(jobs, len(listed.cases))):
        outcomes.append(outcome)
        if progress:
            progress(len(outcomes), len(listed.cases))
    return outcomes


def _mapped(work: Callable[[BatchCase], Outcome], cases: Sequence[BatchCase], jobs: int) -> Iterator[Outcome]:
    if jobs == 1:
        yield from map(work, cases)
        return
    # A fresh interpreter for each process: forking one that has threads can hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_use_one_thread)
    try:
        yield from pool.map(work, cases)
    except BrokenProcessPool as error:
        raise BatchError(
            "A process that computed features died, perhaps for want of memory. Nothing was written. Try again with "
            "fewer jobs."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _use_one_thread() -> None:
    """Keep SimpleITK from taking every core: this process is one of several."""
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)


def _outcome(
    case: BatchCase,
    settings: FeatureSettings,
    image_choice: ImageChoice,
    mask_choice: MaskChoice,
    tell: Tell | None,
) -> Outcome:
    try:
        return _extracted(case, settings, image_choice, mask_choice, tell)
    except MissingDependencyError:
        raise  # no fault of this case
    except SuperResError as error:
        return Outcome(case, error=str(error))
    except Exception as error:
        return Outcome(case, error=f"Internal error ({type(error).__name__}: {error}). Please report it.")


def _extracted(
    case: BatchCase,
    settings: FeatureSettings,
    image_choice: ImageChoice,
    mask_choice: MaskChoice,
    tell: Tell | None,
) -> Outcome:
    case.check()
    image, mask = read_image_with_mask(
        case.image, case.mask, None, case.choose_image(image_choice), case.choose_mask(mask_choice)
    )
    if tell is not None:
        for note in slow_shape_notes(mask, settings):
            tell(f"Line {case.line}: {note}")
    features = extract_features(image, mask, settings)
    hashes = {"Image_SHA256": content_hash(case.image), "Mask_SHA256": content_hash(case.mask)}
    return Outcome(case, features, _diagnostics(image, mask, settings, origin_notes(case.image)) | hashes)


def _diagnostics(image: Image, mask: BoolArray, settings: FeatureSettings, notes: Sequence[str]) -> dict[str, str]:
    """pyradiomics' diagnostics that cost nothing, and whether texture is of slices or of the volume."""
    box = box_of_mask(mask)
    return {
        "Configuration_Dimension": settings.resolve_dimension(image.grid),
        "Image-original_Spacing": str(tuple(image.spacing)),
        "Image-original_Size": str(tuple(image.grid.size)),
        "Mask-original_BoundingBox": str((*box.start, *box.size)),
        "Mask-original_VoxelNum": str(int(np.count_nonzero(mask))),
        "Warnings": " ".join([*notes, *feature_warnings(image, mask, settings)]),
    }
