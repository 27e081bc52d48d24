"""One lesion on three images: original, bicubic, enhanced."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..enhancement.twin import interpolable_box
from ..errors import MaskError, SettingsError
from ..grid import BoolArray, Box, MaskRule, box_of_mask, shift_box, transport_mask, union_box
from ..io.image import Image
from ..io.plausibility import lesion_notes
from ..networks import architectures
from .surroundings import widened, widened_mask

if TYPE_CHECKING:
    from ..enhancement import Enhancement
    from ..models import Card

Lesion: TypeAlias = "LesionVersions | Enhancement | str | os.PathLike[str]"
"""A lesion on its three images: put together, as an enhancement, or as the folder of one."""


@dataclass(frozen=True)
class LesionVersions:
    """A lesion on the original, the bicubic and the enhanced image.

    Attributes:
        original: The image on its native voxels.
        original_mask: The lesion on it; bool [k, j, i].
        bicubic: Its interpolation on the refined grid.
        enhanced: The network's image on the same grid.
        refined_mask: The lesion on that grid; bool [k, j, i].
        mask_rule: How the mask was carried there.
        volume_change: Fraction by which that changed the lesion's volume.
        model: Name of the model.
        objective: What it was trained for.
        adversarial: Whether it was trained against a critic.
        provenance: Of the enhancement, where it is known.
        warnings: What reading and enhancing the images gave reason to warn of.
        samples: Possible images on the enhanced image's grid, where the model draws samples and the enhanced image is
            their mean; features are measured on each of them.

    Examples:
        >>> import numpy as np
        >>> from SuperResRadiomicsLib.grid import Grid, interpolate_bicubic, refine
        >>> grid = Grid((8, 8, 4), (1.0, 1.0, 2.0))
        >>> scan = Image(np.random.default_rng(0).normal(40.0, 20.0, grid.shape), grid, modality="CT", unit="HU")
        >>> mask = np.zeros(grid.shape, dtype=bool)
        >>> mask[1:3, 2:6, 2:6] = True
        >>> finer = scan.with_voxels(interpolate_bicubic(scan.voxels, (4, 16, 16)), refine(grid, (2, 2, 1)))
        >>> lesion = LesionVersions.of_images(scan, mask, bicubic=finer, enhanced=finer)
        >>> int(lesion.original_mask.sum()), int(lesion.refined_mask.sum())
        (32, 128)
    """

    original: Image
    original_mask: BoolArray
    bicubic: Image
    enhanced: Image
    refined_mask: BoolArray
    mask_rule: str
    volume_change: float
    model: str
    objective: str
    adversarial: bool
    provenance: dict[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    samples: tuple[Image, ...] = ()

    @classmethod
    def of(cls, lesion: Lesion) -> LesionVersions:
        """Take the versions from whatever holds them.

        Args:
            lesion: An enhancement of a lesion, the folder that one was saved to, or versions, which are returned.

        Raises:
            MaskError: The enhancement was made without a mask.
            ImageError: The folder is not a complete enhancement.
        """
        if isinstance(lesion, LesionVersions):
            return lesion
        if isinstance(lesion, str | os.PathLike):
            from ..enhancement import load_enhancement

            lesion = load_enhancement(lesion)
        return cls.of_enhancement(lesion)

    @classmethod
    def of_enhancement(cls, enhancement: Enhancement) -> LesionVersions:
        """Take the versions from an enhancement of a lesion.

        Raises:
            MaskError: The enhancement was made without a mask.
        """
        if enhancement.original_mask is None or enhancement.mask is None:
            raise MaskError(
                "The enhancement was made without a mask, so there is no lesion to compare. Enhance again with a "
                "mask, or name the images and a mask."
            )
        model, mask = enhancement.provenance["model"], enhancement.provenance["mask"]
        return cls(
            original=enhancement.original,
            original_mask=enhancement.original_mask,
            bicubic=enhancement.bicubic,
            enhanced=enhancement.enhanced,
            refined_mask=enhancement.mask,
            mask_rule=mask["rule"],
            volume_change=mask["volume_change"],
            model=model["name"],
            objective=model["objective"],
            adversarial=model["adversarial"],
            provenance=enhancement.provenance,
            warnings=tuple(enhancement.warnings),
            samples=enhancement.samples,
        )

    @classmethod
    def of_images(
        cls,
        original: Image,
        mask: BoolArray,
        bicubic: Image,
        enhanced: Image,
        card: Card | None = None,
        mask_rule: MaskRule = "linear",
        allow_volume_change: bool = False,
    ) -> LesionVersions:
        """Put images together that were made elsewhere.

        Args:
            original: The image on its native voxels.
            mask: The lesion on it; carried to the enhanced image's grid here.
            bicubic: Its interpolation on the enhanced image's grid.
            enhanced: The enhanced image.
            card: The model that enhanced it; without it the image's name stands for the model.
            mask_rule: How the mask is carried.
            allow_volume_change: Accept a mask whose volume changes by more than 5% on the way.

        Raises:
            MaskError: The mask cannot be carried to the enhanced image's grid.
            SettingsError: The model draws samples, which one image cannot stand for.
        """
        if card and architectures()[card.architecture["name"]].samples:
            raise SettingsError(
                f"The model '{card.name}' draws samples: features are means over them, and one image cannot stand for "
                "them. Give the folder that `enhance` wrote."
            )
        transport = transport_mask(mask, original.grid, enhanced.grid, mask_rule, allow_volume_change)
        return cls(
            original=original,
            original_mask=mask,
            bicubic=bicubic,
            enhanced=enhanced,
            refined_mask=transport.mask,
            mask_rule=transport.rule,
            volume_change=transport.volume_change,
            model=card.name if card else enhanced.name,
            objective=card.objective if card else "objective not stated",
            adversarial=card.adversarial if card else False,
            warnings=(*original.notes, *lesion_notes(original, mask), *bicubic.notes, *enhanced.notes),
        )

    @property
    def measured(self) -> tuple[Image, ...]:
        """The images on which the enhanced features are measured: the samples, or the one image of other models.

        Raises:
            SettingsError: The enhanced image is a mean of samples that are not at hand.
        """
        if self.samples:
            return self.samples
        if (self.provenance or {}).get("samples"):
            raise SettingsError(
                "The enhanced image is a mean of samples, whose features are not the mean of theirs: the samples are "
                "needed, and are not at hand. Enhance the lesion again."
            )
        return (self.enhanced,)

    @property
    def sd(self) -> Image | None:
        """Standard deviation of the samples, voxel by voxel in float32; None where there are fewer than two."""
        if len(self.samples) < 2:
            return None
        voxels = np.stack([sample.voxels for sample in self.samples])
        return self.enhanced.with_voxels(voxels.std(axis=0, ddof=1, dtype=np.float64).astype(np.float32))

    @property
    def refined_box(self) -> Box:
        """The lesion's box, in voxels of the whole refined image."""
        return shift_box(box_of_mask(self.refined_mask), self.enhanced.held.start)

    @property
    def widest(self) -> Box:
        """The largest box of the refined grid that `widened` can make of the original at hand."""
        held = self.enhanced.held
        return union_box(held, interpolable_box(self.original, self.enhanced.whole_grid))

    def widened(self, seen: Box) -> LesionVersions:
        """Continue the refined images by their bicubic surroundings.

        Args:
            seen: What they shall hold besides what they hold, in voxels of the whole refined image.

        Raises:
            RegionError: The original at hand is too small.
        """
        box = union_box(self.enhanced.held, seen)
        if box == self.enhanced.held:
            return self
        return replace(
            self,
            bicubic=widened(self.bicubic, self.original, box),
            enhanced=widened(self.enhanced, self.original, box),
            samples=tuple(widened(sample, self.original, box) for sample in self.samples),
            refined_mask=widened_mask(self.refined_mask, self.enhanced, box),
        )
