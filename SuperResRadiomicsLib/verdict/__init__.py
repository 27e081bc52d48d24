"""The word beside each feature, and the reasons for it."""

from ..radiomics.verdict import Verdict
from .cohort import judge_cohort
from .lesion import card_behind, judge_lesion, lesion_spread, lesion_variation
from .verdict import Faithfulness, FeatureEvidence, is_count_driven, judge, volume_correlations

__all__ = [
    "Faithfulness",
    "FeatureEvidence",
    "Verdict",
    "card_behind",
    "is_count_driven",
    "judge",
    "judge_cohort",
    "judge_lesion",
    "lesion_spread",
    "lesion_variation",
    "volume_correlations",
]
