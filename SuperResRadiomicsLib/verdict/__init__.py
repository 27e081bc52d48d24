"""The word beside each feature, and the reasons for it."""

from ..radiomics.verdict import Verdict
from .cohort import CohortFinding, judge_cohort, weigh_cohort
from .comparison import compare, judge_table
from .one_lesion import card_behind, check_stability, lesion_spread
from .verdict import CohortStability, FeatureEvidence, LesionVariation, is_count_driven, judge, volume_correlations

__all__ = [
    "CohortFinding",
    "CohortStability",
    "FeatureEvidence",
    "LesionVariation",
    "Verdict",
    "card_behind",
    "check_stability",
    "compare",
    "is_count_driven",
    "judge",
    "judge_cohort",
    "judge_table",
    "lesion_spread",
    "volume_correlations",
    "weigh_cohort",
]
