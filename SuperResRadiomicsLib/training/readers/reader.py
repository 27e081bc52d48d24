"""What a reader of a data set's layout must offer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...errors import SettingsError
from ...grid import BoolArray
from ...io.image import Image
from ..config import DataConfig
from ..entries import VolumeEntry


@dataclass(frozen=True)
class Reader:
    """A layout that training volumes can have on disk.

    Attributes:
        modalities: What ``data.modality`` may be.
        find: Lists the volumes with their roles, from the configuration and the seed.
        read: Reads a volume, not clipped, and its lesion mask if it has one.
    """

    modalities: tuple[str, ...]
    find: Callable[[DataConfig, int], list[VolumeEntry]]
    read: Callable[[VolumeEntry, DataConfig], tuple[Image, BoolArray | None]]

    def list_entries(self, data: DataConfig, seed: int) -> list[VolumeEntry]:
        """List the volumes of the folder.

        Raises:
            SettingsError: The configured modality is not the layout's, or the folder has another layout.
        """
        if data.modality not in self.modalities:
            raise SettingsError(
                f"The layout '{data.layout}' holds {' or '.join(self.modalities)} but data.modality is "
                f"'{data.modality}'. Set data.modality to {' or '.join(self.modalities)}."
            )
        if not data.data_folder.is_dir():
            raise SettingsError(f"There is no data folder '{data.data_folder.name}'. Set data.folder.")
        return self.find(data, seed)
