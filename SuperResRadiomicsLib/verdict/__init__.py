"""The word beside each feature, and the reasons for it."""

from ..radiomics.verdict import Verdict
from .cohort import judge_cohort
from .comparison import compare, judge_table
from .one_lesion import card_behind, check_stability, lesion_spread
from .verdict import Faithfulness, FeatureEvidence, is_count_driven, judge, volume_correlations

__all__ = [
    "Faithfulness",
    "FeatureEvidence",
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
]
