"""One draw: the noise and the latents of one sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import SettingsError
from ..grid import Box, Grid
from ..operators import connected_noise, sample_latents, sample_noise
from .model import LoadedModel

DEFAULT_SAMPLES = 8
MOST_SAMPLES = 64


@dataclass(frozen=True)
class Draw:
    """Which of the images that fit the measurement is drawn.

    Attributes:
        seed: Of the whole run; any integer.
        sample: Number of the sample, from 0.
    """

    seed: int
    sample: int

    def arguments(
        self, model: LoadedModel, refined: Grid, box: Box, axes: tuple[int, int, int], connection: float = 0.0
    ) -> dict[str, npt.NDArray]:
        """Draw what `LoadedModel.run` needs for a block of slices.

        Noise depends on the position in the whole refined grid and not on the box, latents on seed and sample alone:
        tiles, slabs and crops of one image draw the same.

        Args:
            model: Takes the noise.
            refined: The refined grid of the whole image.
            box: The block, in voxels of that grid.
            axes: Array axes (0, 1, 2 for k, j, i) along which slices, rows and columns lie.
            connection: How far noise goes on from slice to slice, the sigma of `connected_noise`; each slice has noise
                of its own without.
        """
        which = refined, self.seed, self.sample, model.noise_channels
        noise = connected_noise(*which, 2 - axes[0], connection, box) if connection else sample_noise(*which, box)
        slices, rows, columns = (1 + axis for axis in axes)
        slices_first = np.transpose(noise, (slices, 0, rows, columns))
        return {"noise": slices_first, "latents": sample_latents(self.seed, self.sample, model.latents)}


def samples_to_draw(model: LoadedModel, asked: int | None) -> int:
    """Decide how many samples to draw: `DEFAULT_SAMPLES` unless asked otherwise; none of a model that draws none.

    Returns:
        0 for a model that draws none.

    Raises:
        SettingsError: A number that is not allowed, or samples of a model that draws none.
    """
    if asked is not None and not 1 <= asked <= MOST_SAMPLES:
        raise SettingsError(f"samples is {asked}; from 1 to {MOST_SAMPLES} are allowed.")
    if model.draws_samples:
        return DEFAULT_SAMPLES if asked is None else asked
    if asked is not None and asked > 1:
        raise SettingsError(
            f"The model '{model.card.name}' gives one image and draws no samples; {asked} were asked for. Leave the "
            "number out, or choose a model with the objective 'radiomics' that draws samples."
        )
    return 0
