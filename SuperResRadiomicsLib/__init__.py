"""Super-resolution of medical images and what it does to radiomic features.

The package follows one lesion from image file to feature table; every module is
one step of that path. Importing the package loads neither torch nor pyradiomics.
"""

__version__ = "0.1.0"

NOT_FOR_CLINICAL_USE = (
    "Not for clinical use. Research software: enhanced images contain estimated, not measured, detail."
)

SCHEMA_VERSION = 1
"""Version of every JSON file this package writes and of the worker's protocol."""
