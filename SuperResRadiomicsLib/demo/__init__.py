"""The main job on a sample case."""

DEFAULT_MODEL = "ct-gancircle-x2-fidelity"
"""The model that the demo shows unless another is named."""
