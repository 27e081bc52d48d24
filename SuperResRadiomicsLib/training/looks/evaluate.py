"""A model's images beside the truth: spectra, a classifier, small structures, and a phantom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...enhancement import LoadedModel
from ...errors import SettingsError
from ..config import TrainingConfig
from ..lesion_features import restore
from ..lesion_features.conditions import CONDITIONS, ScanCondition
from ..lesion_features.lesions import Lesion, evenly_spread, load_lesions
from ..lesion_features.restore import Images, Method, Scan
from ..lesion_features.rivals import UNTOUCHED
from .classifier import tell_apart
from .patches import SIDE, Values, lesion_patches, power
from .phantom import judge_on_phantom
from .spectrum import DECIMALS, compare_spectra
from .streaks import judge_streaks
from .structures import choose_sites, contrasts, rates, with_structures, without_structures

MOST_LESIONS = 16
"""Of each role so many lesions are looked at, one slice each."""
CONDITIONS_LOOKED_AT = 3
SAMPLES = 8
"""As many as in use. All lesions share the latents of a sample, so that no single one stands for all."""
TRUTH, SAMPLE, MEAN = "truth", "a sample", "mean of samples"


@dataclass(frozen=True)
class _Looker:
    """What is looked at, and how."""

    factor: int
    seed: int
    methods: Mapping[str, Method]
    """Each gives one image, but `SAMPLE`, which gives several."""

    def scan(self, lesion: Lesion, condition: ScanCondition) -> Scan:
        coarse = condition.degrade(lesion.truth, lesion.name, self.seed, self.factor, lesion.window)
        return Scan(lesion, coarse, condition, self.seed, self.factor)

    def images(self, lesion: Lesion, condition: ScanCondition) -> dict[str, Images]:
        """Make the images of every method, samples once for themselves and their mean."""
        scan = self.scan(lesion, condition)
        made = {name: method(scan) for name, method in self.methods.items()}
        if SAMPLE in made:
            made[MEAN] = [np.mean(made[SAMPLE], axis=0)]
        return made


def evaluate_looks(
    model: LoadedModel,
    config: TrainingConfig,
    load: Callable[[str], LoadedModel],
    conditions: Sequence[str] = (),
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Look at what a model and its rivals make of test lesions.

    Args:
        model: The model, loaded.
        config: Its first set of lesions is looked at, and its phantom, where it names one.
        load: Loads a rival by name.
        conditions: Names of scan conditions; the first three without.
        report: Called with a line of text for each step.

    Returns:
        JSON-ready figures: by condition spectra (`compare_spectra`), a classifier's accuracy (`tell_apart`) and small
        structures (`rates`); of CT ``streaks`` as from `judge_streaks`; ``phantom`` as from `judge_on_phantom`.

    Raises:
        SettingsError: The configuration names no lesions, the model is of another kind, or a condition is not known.
    """
    kind = config.data.modality, model.card.scale
    if kind not in CONDITIONS or not config.evaluation.feature_sets:
        raise SettingsError(
            f"The looks of a {kind[0]} model of scale {kind[1]} under the configuration '{config.name}' cannot be "
            "judged: it needs evaluation.feature_sets, CT or MR at scale 2, or MR denoising."
        )
    known = {condition.name: condition for condition in CONDITIONS[kind]}
    if unknown := [name for name in conditions if name not in known]:
        raise SettingsError(f"There is no scan condition '{unknown[0]}'. Choose from: {', '.join(known)}.")
    chosen = [known[name] for name in conditions] if conditions else list(known.values())[:CONDITIONS_LOOKED_AT]
    rivals = [load(name) for name in config.evaluation.feature_rivals if name != model.card.name]
    looker = _Looker(kind[1], config.evaluation_seed, _methods(model, rivals, kind[1]))
    name, lesions_of = next(iter(config.evaluation.feature_sets.items()))
    single = lesions_of.model_copy(update={"slices": 1, "planar_slices": None})
    lesions = {role: _some(load_lesions(config.data, single, (role,))) for role in ("train", "test")}
    result: dict[str, Any] = {
        "model": model.card.name,
        "weights": model.card.sha256,
        "lesions_of": name,
        "lesions": {role: len(found) for role, found in lesions.items()},
        "patients": {role: sorted({each.patient for each in found}) for role, found in lesions.items()},
        "seed": looker.seed,
        "samples": SAMPLES if model.draws_samples else 1,
        "conditions": {},
    }
    for condition in chosen:
        result["conditions"][condition.name] = _under(condition, lesions, looker)
        report(f"{name}, {condition.name}: looked at")
    if kind[0] == "CT":
        result["streaks"] = judge_streaks(lesions["test"], looker.methods, SAMPLE, MEAN, looker.seed, looker.factor)
        report("streaks: looked at")
    if config.evaluation.phantom is not None:
        folder = config.data.data_folder / config.evaluation.phantom
        result["phantom"] = judge_on_phantom(folder, looker.methods, looker.seed)
        report("phantom: looked at")
    return result


def _methods(model: LoadedModel, rivals: Sequence[LoadedModel], factor: int) -> dict[str, Method]:
    found: dict[str, Method] = {UNTOUCHED[factor]: restore.bicubic}
    found |= {rival.card.name: restore.network(rival) for rival in rivals}
    if model.draws_samples:
        return {**found, SAMPLE: restore.sampler(model, SAMPLES)}
    return {**found, model.card.name: restore.network(model)}


def _some(lesions: Sequence[Lesion]) -> list[Lesion]:
    """Keep some lesions, evenly chosen, that are large enough for a piece."""
    large = [each for each in lesions if min(each.truth.shape[1:]) >= SIDE]
    return [large[n] for n in evenly_spread(len(large), MOST_LESIONS)]


def _under(condition: ScanCondition, lesions: Mapping[str, Sequence[Lesion]], looker: _Looker) -> dict[str, Any]:
    made, true = {}, {}
    for role, found in lesions.items():
        made[role] = [looker.images(each, condition) for each in found]
        true[role] = [lesion_patches(each.truth, each.mask) for each in found]
    patients = [each.patient for each in lesions["test"]]
    spectra, told_apart = {}, {}
    for name in made["test"][0]:
        pieces = {role: _pieces(found, made[role], name) for role, found in lesions.items()}
        every = _all_pieces(lesions["test"], made["test"], name)
        spectra[name] = compare_spectra(_mean_power(true["test"]), _mean_power(every))
        told_apart[name] = tell_apart((true["train"], pieces["train"]), (true["test"], pieces["test"]), patients)
    structures = _structures(condition, lesions["test"], looker)
    result = {"spectra": spectra, "told_apart": told_apart, "structures": structures}
    if SAMPLE in made["test"][0]:
        result["missing_detail"] = _missing_detail(lesions["test"], made["test"])
    return result


def _pieces(lesions: Sequence[Lesion], made: Sequence[Mapping[str, Images]], name: str) -> list[Values]:
    """Cut pieces of each lesion from a method's image, of samples from another one for each lesion."""
    pieces = []
    for number, (lesion, images) in enumerate(zip(lesions, made, strict=True)):
        chosen = images[name][number % len(images[name])]
        pieces.append(lesion_patches(chosen, lesion.mask))
    return pieces


def _all_pieces(lesions: Sequence[Lesion], made: Sequence[Mapping[str, Images]], name: str) -> list[Values]:
    """Cut pieces of each lesion from all images of a method."""
    pieces = []
    for lesion, images in zip(lesions, made, strict=True):
        pieces.append(np.concatenate([lesion_patches(image, lesion.mask) for image in images[name]]))
    return pieces


def _mean_power(pieces: Sequence[Values]) -> Values:
    """Mean power over pieces, each lesion weighing the same."""
    return np.asarray(np.mean([power(each).mean(axis=0) for each in pieces], axis=0))


def _missing_detail(lesions: Sequence[Lesion], made: Sequence[Mapping[str, Images]]) -> dict[str, Any]:
    """Compare what a sample has beyond the mean of the others with what the truth has beyond it.

    If the samples had the truth's distribution, both would have one spectrum: this is the noise power spectrum of what
    is drawn, without the structures that all images share.
    """
    missing, drawn = [], []
    for lesion, images in zip(lesions, made, strict=True):
        samples = np.stack(images[SAMPLE])
        total = samples.sum(axis=0)
        for sample in samples:
            mean = (total - sample) / (len(samples) - 1)
            missing.append(lesion_patches(lesion.truth - mean, lesion.mask))
            drawn.append(lesion_patches(sample - mean, lesion.mask))
    return compare_spectra(_mean_power(missing), _mean_power(drawn))


def _structures(condition: ScanCondition, lesions: Sequence[Lesion], looker: _Looker) -> dict[str, Any]:
    """Paste and erase small structures before the scan, and look for them in what is made of it."""
    seen: dict[str, dict[str, list[float]]] = {}
    patients: list[str] = []
    disagree: list[bool] = []
    for number, lesion in enumerate(lesions):
        sites = choose_sites(lesion.mask, looker.seed + number)
        pasted, contrast = with_structures(lesion.truth, lesion.mask, sites)
        if contrast <= 0:
            continue
        patients += [lesion.patient] * len(sites)
        for what, truth in (("pasted", pasted), ("erased", without_structures(lesion.truth, sites))):
            made = {TRUTH: [truth], **looker.images(replace(lesion, truth=truth), condition)}
            for name, images in made.items():
                found = np.array([contrasts(image, sites) for image in images]) / contrast
                # Another sample for each lesion, so that every site counts once and no latents stand for all.
                chosen = found[number % len(found)]
                seen.setdefault(name, {}).setdefault(what, []).extend(chosen.tolist())
                if name == SAMPLE:
                    disagree += [0 < share < 1 for share in (found > 0.5).mean(axis=0).tolist()]
    result: dict[str, Any] = {
        name: rates(np.array(values["pasted"]), np.array(values["erased"]), patients) for name, values in seen.items()
    }
    if disagree:
        result[SAMPLE]["sites_where_samples_disagree"] = round(float(np.mean(disagree)), DECIMALS)
    return result
