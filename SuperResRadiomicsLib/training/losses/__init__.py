"""Losses: plain functions of tensors. L1 and the like come from torch itself."""

from .adversarial import (
    cross_entropy_critic_loss,
    cross_entropy_generator_loss,
    gradient_penalty,
    least_squares_critic_loss,
    least_squares_generator_loss,
    real_target,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from .mixe import mean_gradient_error, mixe
from .scores import crps, energy_score
from .segmentation import detection_losses, reach_loss, soft_dice_loss
from .texture import local_statistics, patch_statistics
from .total_variation import joint_sparsifying_transform, total_variation

__all__ = [
    "cross_entropy_critic_loss",
    "cross_entropy_generator_loss",
    "crps",
    "detection_losses",
    "energy_score",
    "gradient_penalty",
    "joint_sparsifying_transform",
    "least_squares_critic_loss",
    "least_squares_generator_loss",
    "local_statistics",
    "mean_gradient_error",
    "mixe",
    "patch_statistics",
    "reach_loss",
    "real_target",
    "soft_dice_loss",
    "total_variation",
    "wasserstein_critic_loss",
    "wasserstein_generator_loss",
]
