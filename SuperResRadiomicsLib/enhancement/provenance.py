"""What affects a result, written down with it."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from .. import NOT_FOR_CLINICAL_USE, __version__
from ..grid import Grid, MaskTransport
from ..io.image import Image
from ..models import Card
from ..scan import ScanQuality, proposal_for
from .device import describe_device
from .job import RegionJob
from .through_plane import ThroughPlaneJob

FOLDER_VERSION = 2
"""Version of an enhancement's folder: 1 held whole volumes, 2 holds the region and the original around it."""


def describe(
    job: RegionJob,
    transport: MaskTransport | None,
    detection: dict[str, Any] | None,
    residual: dict[str, Any],
    warnings: list[str],
    samples: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Describe everything that affects the result. Names of patients and folders do not enter."""
    card = job.model.card
    content = {
        "schema_version": FOLDER_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "software": describe_software(),
        "input": describe_image(job.image),
        "intensities": job.image.whole.figures(),
        "model": describe_model(card),
        "device": describe_device(job.model.device),
        "precision": job.model.precision,
        "parameters": {
            "scale": card.scale,
            "through_plane_axis": "ijk"[job.through_plane],
            "interpolation": f"bicubic (Keys cubic convolution, a = -0.5, {_refined_axes(job)}, edges clamped)",
            **({"slices": job.describe()} if isinstance(job, ThroughPlaneJob) else {}),
            "margin_mm": job.margin_mm,
            "conditions": job.conditions,
            "steering": None if job.steering is None else job.steering.to_dict(),
            "window": [job.window.low, job.window.high],
            "brightest": job.window.brightest,
            "input_grid": job.model.architecture.input_grid,
            "tile": job.tile,
            "halo": job.model.halo,
            "data_consistency": "exact projection" if job.projects else "reported only",
        },
        "grid": _describe_grid(job.refined),
        "region": {"start": list(job.region.start), "stop": list(job.region.stop)},
        "scan": None if job.scan is None else _describe_scan(job.scan),
        "guard": None if job.guard is None else job.guard.to_dict(),
        "detection": detection,
        "mask": None if transport is None else {
            "rule": transport.rule,
            "source_volume_mm3": transport.source_volume_mm3,
            "volume_mm3": transport.target_volume_mm3,
            "volume_change": transport.volume_change,
        },
        "residual": residual,
        "warnings": warnings,
    }  # fmt: skip
    return content if samples is None else content | {"samples": samples}


def _describe_scan(scan: ScanQuality) -> dict[str, Any]:
    """Describe what was measured of the scan, and what would help it most."""
    proposal = proposal_for(scan)
    return {
        "summary": scan.summary,
        "noise": None if scan.noise is None else scan.noise.to_dict(),
        "blur_px": None if scan.blur_px is None else scan.blur_px.to_dict(),
        "proposal": {"what": proposal.what, "reason": proposal.reason},
    }


def _refined_axes(job: RegionJob) -> str:
    return "through-plane" if isinstance(job, ThroughPlaneJob) else "in-plane"


def describe_software() -> dict[str, str]:
    """List the versions of what computes."""
    import torch

    return {
        "SuperResRadiomics": __version__,
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def describe_model(card: Card) -> dict[str, Any]:
    """Describe what identifies a model, and what it is for."""
    return {
        "name": card.name,
        "version": card.version,
        "task": card.task,
        "objective": card.objective,
        "adversarial": card.adversarial,
        "sha256": card.sha256,
    }


def describe_image(image: Image) -> dict[str, Any]:
    """Describe an image, or the whole that it is a part of; without its name."""
    return {
        "modality": image.modality,
        "unit": image.unit,
        "voxel_type": str(image.voxels.dtype),
        "windows": [list(window) for window in image.windows],
        **_describe_grid(image.whole_grid),
    }


def _describe_grid(grid: Grid) -> dict[str, Any]:
    return {
        "size": list(grid.size),
        "spacing_mm": list(grid.spacing),
        "origin_mm": list(grid.origin),
        "direction": list(grid.direction),
    }
