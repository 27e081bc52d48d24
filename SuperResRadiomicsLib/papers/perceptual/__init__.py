"""Training of the perceptual encoders: no labels, only the knowledge of what was done to a patch."""

from .config import EncoderConfig, read_encoder_config
from .trainer import train_encoder

__all__ = ["EncoderConfig", "read_encoder_config", "train_encoder"]
