"""Model cards: find, check, verify and choose the models."""

from .card import DETECTION, MODALITIES, OBJECTIVES, TASKS, THROUGH_PLANE, Card, Condition, list_models, load_card
from .choice import (
    Choice,
    best_for_features,
    choices_for_features,
    choose_detector,
    choose_for_features,
    feature_agreement,
    find_detector,
)
from .find import CARD_NAME, RESULTS_NAME, WEIGHTS_NAME, find_model, find_models, model_folders
from .saving import readable_json, save_model, save_results
from .weights import load_network

__all__ = [
    "CARD_NAME",
    "DETECTION",
    "MODALITIES",
    "OBJECTIVES",
    "RESULTS_NAME",
    "TASKS",
    "THROUGH_PLANE",
    "WEIGHTS_NAME",
    "Card",
    "Choice",
    "Condition",
    "best_for_features",
    "choices_for_features",
    "choose_detector",
    "choose_for_features",
    "feature_agreement",
    "find_detector",
    "find_model",
    "find_models",
    "list_models",
    "load_card",
    "load_network",
    "model_folders",
    "readable_json",
    "save_model",
    "save_results",
]
