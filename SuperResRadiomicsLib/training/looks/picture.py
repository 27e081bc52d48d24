"""One picture of a lesion: truth, rivals, samples and their deviation; spectra below, features beside."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ... import NOT_FOR_CLINICAL_USE
from ...enhancement import LoadedModel
from ...errors import SettingsError
from ...grid import FloatArray
from ...io.files import atomic_path
from ...radiomics.sampled import mean_over_samples, raw_interval
from ..config import TrainingConfig
from ..lesion_features import restore
from ..lesion_features.conditions import CONDITIONS
from ..lesion_features.lesions import Lesion, load_lesions
from ..lesion_features.measure import MEASURES, Ruler, feature_names
from ..lesion_features.rivals import UNTOUCHED
from .patches import frequencies, lesion_patches, power
from .spectrum import BANDS

FEATURES = {
    "variance": "original_firstorder_Variance",
    "entropy": "original_firstorder_Entropy",
    "contrast (GLCM)": "original_glcm_Contrast",
    "correlation (GLCM)": "original_glcm_Correlation",
    "coarseness (NGTDM)": "original_ngtdm_Coarseness",
}
TRUTH = "truth"


def write_samples_picture(
    model: LoadedModel,
    rival: LoadedModel,
    config: TrainingConfig,
    path: Path,
    condition: str | None = None,
    patient: str | None = None,
) -> str:
    """Draw a test patient's lesion and what becomes of it.

    Args:
        model: Draws samples.
        rival: Gives one image: the fidelity model.
        config: Names the lesions; its evaluation seed fixes all noise.
        path: The PNG to write.
        condition: Name of the scan condition; the second one without.
        patient: Whose lesion; the first test patient's without.

    Returns:
        A caption.

    Raises:
        SettingsError: The model draws no samples, or there is no such condition or test patient.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    if not model.draws_samples:
        raise SettingsError(f"The model '{model.card.name}' draws no samples. Choose one that does, or use `picture`.")
    lesion = _lesion(config, patient)
    known = {each.name: each for each in CONDITIONS.get((lesion.modality, model.card.scale), ())}
    if condition not in (None, *known) or not known:
        raise SettingsError(f"There is no scan condition '{condition}'. Choose from: {', '.join(known) or 'none'}.")
    chosen = known[condition] if condition else list(known.values())[min(1, len(known) - 1)]
    factor, seed = model.card.scale, config.evaluation_seed
    coarse = chosen.degrade(lesion.truth, lesion.name, seed, factor, lesion.window)
    scan = restore.Scan(lesion, coarse, chosen, seed, factor)
    samples = restore.sampler(model, config.evaluation.samples)(scan)
    images = {
        TRUTH: lesion.truth,
        UNTOUCHED[factor]: scan.bicubic,
        rival.card.name: restore.network(rival)(scan)[0],
    }
    number = int(lesion.mask.sum(axis=(1, 2)).argmax())
    shown = {**images, "a possible image": samples[0], "another possible image": samples[1]}
    inside = lesion.truth[number][lesion.mask[number]]
    low, high = float(inside.mean() - 4 * inside.std()), float(inside.mean() + 4 * inside.std())
    figure = pyplot.figure(figsize=(15, 6.4), layout="constrained")
    grid = figure.add_gridspec(2, 6)
    for place, (name, image) in enumerate(shown.items()):
        axis = figure.add_subplot(grid[0, place])
        axis.imshow(image[number], cmap="gray", vmin=low, vmax=high, interpolation="nearest")
        axis.contour(lesion.mask[number], levels=[0.5], colors="tab:orange", linewidths=0.6)
        axis.set_title(name, fontsize=8)
        axis.axis("off")
    spread = figure.add_subplot(grid[0, 5])
    spread.imshow(np.std(samples, axis=0, ddof=1)[number], cmap="magma", interpolation="nearest")
    spread.set_title(f"standard deviation of {len(samples)} samples", fontsize=8)
    spread.axis("off")
    _spectra(figure.add_subplot(grid[1, :2]), {**images, "a possible image": samples[0]}, lesion)
    _features(figure.add_subplot(grid[1, 2:]), images, samples, lesion)
    figure.supxlabel(f"{NOT_FOR_CLINICAL_USE} Possible images are not the true one.", fontsize=7, color="0.4")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100, metadata={"Description": NOT_FOR_CLINICAL_USE})
    pyplot.close(figure)
    return f"{lesion.name}, slice {number} of those shown, {chosen.name}, seed {seed}"


def _lesion(config: TrainingConfig, patient: str | None) -> Lesion:
    if not config.evaluation.feature_sets:
        raise SettingsError(
            f"The configuration '{config.name}' names no evaluation.feature_sets to choose a lesion from."
        )
    lesions = load_lesions(config.data, next(iter(config.evaluation.feature_sets.values())), ("test",))
    found = [each for each in lesions if patient in (None, each.patient)]
    if not found:
        names = ", ".join(dict.fromkeys(each.patient for each in lesions))
        raise SettingsError(f"'{patient}' is no test patient. Choose from: {names}.")
    return found[0]


def _spectra(axis: object, images: dict[str, FloatArray], lesion: Lesion) -> None:
    """Plot the power by frequency within the lesion."""
    radius, _ = frequencies()
    middles = (np.array(BANDS[:-1]) + BANDS[1:]) / 2
    for name, image in images.items():
        mean = power(lesion_patches(image, lesion.mask)).mean(axis=0)
        bands = [mean[(radius >= low) & (radius < high)].mean() for low, high in itertools.pairwise(BANDS)]
        axis.semilogy(middles, bands, label=name, lw=2.2 if name == TRUTH else 1.2)  # type: ignore[attr-defined]
    axis.set_xlabel("cycles per pixel", fontsize=8)  # type: ignore[attr-defined]
    axis.set_title("power in the lesion", fontsize=8)  # type: ignore[attr-defined]
    axis.legend(fontsize=7)  # type: ignore[attr-defined]
    axis.tick_params(labelsize=7)  # type: ignore[attr-defined]


def _features(axis: object, images: dict[str, FloatArray], samples: Sequence[FloatArray], lesion: Lesion) -> None:
    """Write five features beside: of every image, and over the samples with their raw interval."""
    ruler = Ruler.of(lesion)
    places = [feature_names().index(key) for key in FEATURES.values()]
    values = {name: ruler.measure(image)[0][places] for name, image in images.items()}
    drawn = np.array([ruler.measure(sample)[0][places] for sample in samples])
    rows = []
    for number, feature in enumerate(FEATURES):
        of_samples = drawn[:, number].tolist()
        ends = raw_interval(of_samples)
        interval = "" if ends is None else f" ({ends[0]:.4g} to {ends[1]:.4g})"
        single = [f"{found[number]:.4g}" for found in values.values()]
        rows.append([feature, *single, f"{mean_over_samples(of_samples):.4g}{interval}"])
    head = ["feature", *values, "mean over samples (raw 90% interval)"]
    table = axis.table(rows, colLabels=head, loc="center", cellLoc="left")  # type: ignore[attr-defined]
    table.auto_set_font_size(False)
    table.set_fontsize(7)
    table.auto_set_column_width(list(range(len(head))))
    axis.set_title(f"five features, {next(iter(MEASURES[lesion.modality]))}", fontsize=8)  # type: ignore[attr-defined]
    axis.axis("off")  # type: ignore[attr-defined]
