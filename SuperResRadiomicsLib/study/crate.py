"""The report's folder as an RO-Crate: what is in it, what made it, and with which versions.

RO-Crate 1.1, https://w3id.org/ro/crate/1.1: a folder with ``ro-crate-metadata.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from typing import Any

from .. import NOT_FOR_CLINICAL_USE, __version__

CRATE_NAME, SOFTWARE_NAME = "ro-crate-metadata.json", "software.txt"
PACKAGES = (
    "numpy", "scipy", "SimpleITK", "torch", "pyradiomics-bhklab", "numba", "PyWavelets", "pydicom", "highdicom",
    "pyarrow", "dask", "distributed", "matplotlib", "jinja2", "pydantic",
)  # fmt: skip
"""What features, statistics and report depend on."""
_KINDS = {
    "html": "text/html",
    "json": "application/json",
    "csv": "text/csv",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}


def software() -> str:
    """List this package and those it depends on with their versions, as pip reads them."""
    lines = [f"# {NOT_FOR_CLINICAL_USE}", f"superres-radiomics=={__version__}"]
    for name in PACKAGES:
        try:
            lines.append(f"{name}=={metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return "\n".join(lines) + "\n"


def crate(title: str, made_on: str, files: Sequence[str], methods: str, inputs: dict[str, str]) -> dict[str, Any]:
    """Describe the folder.

    Args:
        title: Of the study.
        made_on: Date, ISO 8601.
        files: Names of the files beside the description.
        methods: The methods in words.
        inputs: SHA-256 of protocol and manifest by name; they stay outside, since a manifest names patients.
    """
    parts = [{"@id": name} for name in files]
    program = {
        "@id": "#software",
        "@type": "SoftwareApplication",
        "name": "SuperResRadiomics",
        "version": __version__,
        "license": "https://spdx.org/licenses/Apache-2.0",
    }
    action = {
        "@id": "#report",
        "@type": "CreateAction",
        "name": "study report",
        "instrument": {"@id": "#software"},
        "object": [{"@id": f"#{name}"} for name in inputs],
        "result": parts,
        "description": methods,
    }
    return {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [
            {
                "@id": CRATE_NAME,
                "@type": "CreativeWork",
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
                "about": {"@id": "./"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": title,
                "description": f"Report of a study of radiomic features. {NOT_FOR_CLINICAL_USE}",
                "datePublished": made_on,
                "license": {"@id": "#licence"},
                "hasPart": parts,
                "mentions": {"@id": "#report"},
            },
            {
                "@id": "#licence",
                "@type": "CreativeWork",
                "name": "No licence chosen",
                "description": "Whoever publishes the folder chooses its licence; none is given here.",
            },
            *(_file(name) for name in files),
            *(
                {"@id": f"#{name}", "@type": "CreativeWork", "name": name, "sha256": hash}
                for name, hash in inputs.items()
            ),
            program,
            action,
        ],
    }


def _file(name: str) -> dict[str, str]:
    return {"@id": name, "@type": "File", "name": name, "encodingFormat": _KINDS[name.rpartition(".")[2]]}
