"""The words of a report: a methods paragraph to paste, and a reporting checklist as far as the run knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import SuperResRadiomicsLib as srr

from .. import __version__
from ..enhancement.draw import DEFAULT_SAMPLES
from ..models.headline import count_text
from ..networks import architectures
from ..radiomics.companion import companion_header
from .cube import Cube
from .findings import Findings

if TYPE_CHECKING:
    from .protocol import Protocol

CITATION = (
    "Please cite the software as its CITATION.cff says, the papers of the models' cards, and the definitions of the "
    "features: van Griethuysen et al., Cancer Research 2017, doi:10.1158/0008-5472.CAN-17-0339."
)
UNKNOWN = "not known to the run"


def methods_paragraph(cube: Cube, protocol: Protocol, findings: Findings, engine: Mapping[str, Any]) -> str:
    """Describe every setting in sentences, ready to paste.

    Args:
        cube: The cohort.
        protocol: The protocol.
        findings: The statistics.
        engine: Name and version of the engine that computed the features.
    """
    statistics = protocol.statistics
    patients = len(set(cube.patients))
    sentences = [
        f"Features of {count_text(len(cube.cases), 'lesion')} of {count_text(patients, 'patient')} were computed with "
        f"SuperResRadiomics {__version__} (engine {engine['name']}, {engine['version']}; seed {protocol.seed}).",
        _features(protocol),
        _companions(protocol),
        f"Image versions: {'; '.join(_version(name, protocol) for name in protocol.versions)}. The same masks and "
        f"settings were used for all; masks were carried to finer grids by the rule '{protocol.lesion.mask_rule}'.",
        _samples(protocol),
        _perturbations(protocol),
        _simulation(protocol),
        f"Results other than those over bins rest on {findings.binning}"
        + (", the number of bins with most robust features (ICC above " f"{statistics.excellent:g} between masks)."
           if findings.choice else "."),
        f"Agreement between perturbations is ICC(2,1), over bins ICC(3,1), with the reference Lin's concordance "
        f"(population moments), each with intervals of {statistics.confidence:.0%}; p-values are of paired t-tests on "
        "patients' means, adjusted after Benjamini and Hochberg.",
    ]  # fmt: skip
    return " ".join(sentence for sentence in sentences if sentence)


def _features(protocol: Protocol) -> str:
    settings = protocol.plain_settings
    described = settings.describe()
    distances = ", ".join(f"{distance:g}" for distance in settings.distances)
    images = "; ".join(_named(each.pop("image_type"), each) for each in described["filters"])
    before = "; ".join(_named(step, values) for step, values in described["preprocessing"].items())
    options = _named("", {name: value for name, value in described["options"].items() if value is not None})
    single = f" Single features: {', '.join(settings.features)}." if settings.features else ""
    return (
        f"Feature classes: {', '.join(settings.classes)}; {settings.dimension} texture at a distance of {distances} "
        f"{settings.distance_unit}; grey levels: {', '.join(protocol.binnings)}.{single} Images measured: {images}. "
        f"Preprocessing: {before or 'none'}. Options{options}."
    )


def _named(name: str, values: Mapping[str, Any]) -> str:
    """``LoG (sigma 1 and 2)``."""
    listed = [
        f"{key.replace('_', ' ')} {' and '.join(map(str, value)) if isinstance(value, list) else value}"
        for key, value in values.items()
        if value is not None
    ]
    return f"{name} ({', '.join(listed)})" if listed else name


def _companions(protocol: Protocol) -> str:
    """Explain what it means for features beyond the lesion that a study keeps no whole image."""
    note = companion_header(protocol.plain_settings.classes).get("companion_note")
    if not note:
        return ""
    return (
        f"Features beyond pyradiomics' classes: {note}. Of every image the lesion's box and a margin of "
        f"{protocol.lesion.margin_mm:g} mm were kept: that is the image which 'global' means here, and where peak and "
        "ring end."
    )


def _version(name: str, protocol: Protocol) -> str:
    version = protocol.versions[name]
    return f"{name} ({version.source}{f', {version.model}' if version.model else ''})"


def _samples(protocol: Protocol) -> str:
    """Say of which versions features are means over samples."""
    cards = {name: srr.load_card(str(section.model)) for name, section in protocol.models.items()}
    counts = {
        name: protocol.versions[name].samples or DEFAULT_SAMPLES
        for name, card in cards.items()
        if architectures()[card.architecture["name"]].samples
    }
    if not counts:
        return ""
    listed = ", ".join(f"{name} (over {count})" for name, count in counts.items())
    return (
        f"Features of these versions are means over the features of possible images (samples), not the features of "
        f"their mean image: {listed}; the seed of a case's samples follows from the study's and the case's name."
    )


def _perturbations(protocol: Protocol) -> str:
    if not protocol.perturbations:
        return ""
    listed = []
    for name, content in protocol.perturbations.items():
        arguments = ", ".join(f"{key} {value}" for key, value in content.items())
        listed.append(f"{name} ({arguments})")
    return f"Perturbations: {'; '.join(listed)}."


def _simulation(protocol: Protocol) -> str:
    if protocol.kind != "restoration":
        return ""
    given = protocol.simulation
    return (
        f"Where no fast image was given it was simulated: {given.sampling} sampling by {given.factor} along both "
        f"in-plane axes, blur {given.blur_px:g} pixels, {given.noise_kind} noise of {given.noise:g} "
        f"({given.noise_unit})."
    )


def checklist(cube: Cube, protocol: Protocol, retested: bool) -> list[tuple[str, str, str]]:
    """Answer CLEAR (Kocak et al. 2023) and METRICS (Kocak et al. 2024) in our own words: list, item, answer.

    Only what the run can know is answered; the rest is the author's.

    Args:
        cube: The cohort, every lesion once.
        protocol: The protocol.
        retested: Whether lesions were imaged in several sessions.
    """
    images = [each.image_type for each in protocol.plain_settings.filters]
    filters = "none: features of the original image only" if images == ["Original"] else ", ".join(images)
    counted = f"{count_text(len(set(cube.patients)), 'patient')}, {count_text(len(cube.cases), 'lesion')}"
    perturbed = ", ".join(protocol.perturbations) or "none"
    retest = "yes" if retested else "none"
    return [
        ("CLEAR", "Number of patients and of lesions", counted),
        ("CLEAR", "Eligibility of patients, ethics, data sources", UNKNOWN),
        ("CLEAR", "Imaging protocol and scanners", UNKNOWN),
        ("CLEAR", "Segmentation: by whom, with what", _readers(cube)),
        ("CLEAR", "Image pre-processing", f"versions: {', '.join(_version(n, protocol) for n in protocol.versions)}"),
        ("CLEAR", "Image filters", filters),
        ("CLEAR", "Discretisation of grey levels", ", ".join(protocol.binnings)),
        ("CLEAR", "Software and its version", f"SuperResRadiomics {__version__}, engine {protocol.features.engine}"),
        ("CLEAR", "Feature classes and number of features", f"{len(cube.features)} features"),
        ("CLEAR", "Robustness of features assessed", f"perturbations: {perturbed}"),
        ("CLEAR", "Feature selection and model", "none: this report describes features, not a model"),
        ("METRICS", "Adherence to a radiomics reporting guideline", "this checklist"),
        ("METRICS", "Test-retest or perturbation analysis", f"perturbations: {perturbed}; test-retest: {retest}"),
        ("METRICS", "Removal of redundant features", "redundancy with volume is flagged, nothing is removed"),
        ("METRICS", "Handling of multiple lesions a patient", "tests take patients' means; ICC takes lesions"),
        ("METRICS", "Correction for multiple tests", "Benjamini and Hochberg over the features"),
        ("METRICS", "Comparison with a simpler alternative", _null(protocol)),
        ("METRICS", "External test data", UNKNOWN),
        ("METRICS", "Data and code availability", "code is public; whether the data are is " + UNKNOWN),
    ]


def _readers(cube: Cube) -> str:
    return f"{len(cube.readers) + 1} readers; by whom and with what is {UNKNOWN}" if cube.readers else UNKNOWN


def _null(protocol: Protocol) -> str:
    named = [name for name, version in protocol.versions.items() if version.source in ("interpolated", "null-model")]
    return f"versions {', '.join(named)}" if named else "none in the protocol"
