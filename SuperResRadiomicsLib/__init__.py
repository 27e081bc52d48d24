"""Super-resolution of medical images and what it does to radiomic features.

This is the front door: ``import SuperResRadiomicsLib as srr`` gives every name in ``__all__``. A name is loaded
when it is first used, so importing the package loads neither torch nor SciPy nor ITK.

>>> import SuperResRadiomicsLib as srr
>>> [card.name for card in srr.list_models() if card.modality == "US"]
['us-cyclegan-appearance']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .detect import LesionDetection as LesionDetection
    from .detect import LoadedDetector as LoadedDetector
    from .detect import detect_lesion as detect_lesion
    from .detect import load_detector as load_detector
    from .enhancement import Enhancement as Enhancement
    from .enhancement import LoadedModel as LoadedModel
    from .enhancement import WholeEnhancement as WholeEnhancement
    from .enhancement import enhance as enhance
    from .enhancement import enhance_lesions as enhance_lesions
    from .enhancement import enhance_whole as enhance_whole
    from .enhancement import load_enhancement as load_enhancement
    from .enhancement import load_model as load_model
    from .errors import BatchError as BatchError
    from .errors import Cancelled as Cancelled
    from .errors import DeviceError as DeviceError
    from .errors import GridError as GridError
    from .errors import ImageError as ImageError
    from .errors import MaskError as MaskError
    from .errors import MissingDependencyError as MissingDependencyError
    from .errors import ModelError as ModelError
    from .errors import OutOfMemoryError as OutOfMemoryError
    from .errors import OutputError as OutputError
    from .errors import RegionError as RegionError
    from .errors import ScanRefusedError as ScanRefusedError
    from .errors import SettingsError as SettingsError
    from .errors import StudyError as StudyError
    from .errors import SuperResError as SuperResError
    from .grid import Box as Box
    from .grid import Grid as Grid
    from .io.adapters import as_image as as_image
    from .io.adapters import as_mask as as_mask
    from .io.choices import ImageChoice as ImageChoice
    from .io.choices import MaskChoice as MaskChoice
    from .io.image import Image as Image
    from .io.image import write_image as write_image
    from .io.image import write_mask as write_mask
    from .io.masks import read_image_with_labels as read_image_with_labels
    from .io.masks import read_image_with_mask as read_image_with_mask
    from .io.masks import read_mask as read_mask
    from .io.reading import read_image as read_image
    from .models import Card as Card
    from .models import list_models as list_models
    from .models import load_card as load_card
    from .radiomics import FeatureRow as FeatureRow
    from .radiomics import FeatureSettings as FeatureSettings
    from .radiomics import FeatureTable as FeatureTable
    from .radiomics import LesionVersions as LesionVersions
    from .radiomics import Verdict as Verdict
    from .radiomics import extract_features as extract_features
    from .radiomics import read_parameter_file as read_parameter_file
    from .radiomics.maps import FeatureMaps as FeatureMaps
    from .radiomics.maps import MapVersions as MapVersions
    from .radiomics.maps import feature_maps as feature_maps
    from .radiomics.maps import map_versions as map_versions
    from .radiomics.options import FeatureOptions as FeatureOptions
    from .radiomics.preprocessing import Preprocessing as Preprocessing
    from .report.files import save_report as save_report
    from .scan import Proposal as Proposal
    from .scan import ScanGuard as ScanGuard
    from .scan import ScanQuality as ScanQuality
    from .scan import guard_scan as guard_scan
    from .scan import measure_scan as measure_scan
    from .scan import propose as propose
    from .stability import Signature as Signature
    from .stability import describe_scores as describe_scores
    from .stability import read_signature as read_signature
    from .stability import score_lesion as score_lesion
    from .stability.habitat_versions import HabitatVersions as HabitatVersions
    from .stability.habitat_versions import habitat_versions as habitat_versions
    from .stability.habitats import Habitats as Habitats
    from .stability.habitats import habitats as habitats
    from .verdict import check_stability as check_stability
    from .verdict import compare as compare
    from .verdict import judge_cohort as judge_cohort

__version__ = "0.1.0"

NOT_FOR_CLINICAL_USE = (
    "Not for clinical use. Research software: enhanced images contain estimated, not measured, detail."
)

SCHEMA_VERSION = 1
"""Version of every JSON file this package writes and of the worker's protocol."""

_NAMES = {
    "detect": ("LesionDetection", "LoadedDetector", "detect_lesion", "load_detector"),
    "enhancement": (
        "Enhancement",
        "LoadedModel",
        "WholeEnhancement",
        "enhance",
        "enhance_lesions",
        "enhance_whole",
        "load_enhancement",
        "load_model",
    ),
    "errors": (
        "BatchError",
        "Cancelled",
        "DeviceError",
        "GridError",
        "ImageError",
        "MaskError",
        "MissingDependencyError",
        "ModelError",
        "OutOfMemoryError",
        "OutputError",
        "RegionError",
        "ScanRefusedError",
        "SettingsError",
        "StudyError",
        "SuperResError",
    ),
    "grid": ("Box", "Grid"),
    "io.adapters": ("as_image", "as_mask"),
    "io.choices": ("ImageChoice", "MaskChoice"),
    "io.image": ("Image", "write_image", "write_mask"),
    "io.masks": ("read_image_with_labels", "read_image_with_mask", "read_mask"),
    "io.reading": ("read_image",),
    "models": ("Card", "list_models", "load_card"),
    "radiomics": (
        "FeatureRow",
        "FeatureSettings",
        "FeatureTable",
        "LesionVersions",
        "Verdict",
        "extract_features",
        "read_parameter_file",
    ),
    "radiomics.maps": ("FeatureMaps", "MapVersions", "feature_maps", "map_versions"),
    "radiomics.options": ("FeatureOptions",),
    "radiomics.preprocessing": ("Preprocessing",),
    "report.files": ("save_report",),
    "scan": ("Proposal", "ScanGuard", "ScanQuality", "guard_scan", "measure_scan", "propose"),
    "stability": ("Signature", "describe_scores", "read_signature", "score_lesion"),
    "stability.habitat_versions": ("HabitatVersions", "habitat_versions"),
    "stability.habitats": ("Habitats", "habitats"),
    "verdict": ("check_stability", "compare", "judge_cohort"),
}
"""The public names by the module that holds them. No name may be a room's: importing a room sets its name here."""

_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = ["NOT_FOR_CLINICAL_USE", "SCHEMA_VERSION", "__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value  # The next use finds it at once.
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
