"""The comparators are known to all tests here, as the laboratory's command makes them."""

from __future__ import annotations

from SuperResRadiomicsLib.papers.registration import register
from Testing.training.conftest import config_file, settings, volumes

__all__ = ["config_file", "settings", "volumes"]  # fixtures

register()
