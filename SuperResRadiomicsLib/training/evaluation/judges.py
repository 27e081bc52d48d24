"""The perceptual models that judge."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ...errors import SettingsError
from ..perceptual import PerceptualModel, StLpips, load_lpips_vgg

StLpipsNetwork = Literal["vgg", "alex"]


def further_judges(
    st_lpips: StLpipsNetwork | None = None,
    lpips_files: Sequence[str | os.PathLike[str]] = (),
    lpips_hashes: Sequence[str] = (),
) -> list[PerceptualModel]:
    """Load the judges that a user asks for beside our own encoder.

    Args:
        st_lpips: Network of ST-LPIPS, whose package must be installed somewhere; see `StLpips`.
        lpips_files: The two weight files of LPIPS: VGG16's and the channel weights; see `load_lpips_vgg`.
        lpips_hashes: Their SHA-256.

    Raises:
        SettingsError: Files and hashes are not two each.
        MissingDependencyError, ModelError: See `StLpips` and `load_lpips_vgg`.
    """
    judges: list[PerceptualModel] = []
    if lpips_files or lpips_hashes:
        if len(lpips_files) != 2 or len(lpips_hashes) != 2:
            raise SettingsError(
                f"LPIPS needs two weight files (VGG16's and the channel weights) and their two SHA-256; given were "
                f"{len(lpips_files)} and {len(lpips_hashes)}."
            )
        (features, linear), (features_hash, linear_hash) = map(Path, lpips_files), lpips_hashes
        judges.append(load_lpips_vgg(features, features_hash, linear, linear_hash))
    if st_lpips is not None:
        judges.append(StLpips(st_lpips))
    return judges
