"""Agreement between measurements of the same lesions, perturbations, tests and signatures."""

from .agreement import (
    FAITHFUL_CONCORDANCE,
    BlandAltman,
    bland_altman,
    concordance,
    concordance_interval,
)
from .bin_choice import BinChoice, choose_bin_count
from .bootstrap import clustered_bootstrap
from .discrimination import area_under_curve, area_under_curve_interval, concordance_index
from .false_discovery import false_discovery_levels
from .hypothesis import (
    Comparison,
    Evidence,
    mann_whitney,
    mann_whitney_between,
    paired_t,
    wilcoxon_signed_rank,
)
from .intraclass import IntraclassCorrelation, band, intraclass_correlation
from .intraclass_limits import decide_above
from .lesion_score import describe_scores, score_lesion
from .overlap import dice
from .principal_components import PrincipalComponents, principal_components
from .risk_models import RISK_MODELS, RiskModel, Scaler, risk_scores
from .signature import Crossings, Signature, cut_off_crossings, read_signature, signature_scores

__all__ = [
    "FAITHFUL_CONCORDANCE",
    "RISK_MODELS",
    "BinChoice",
    "BlandAltman",
    "Comparison",
    "Crossings",
    "Evidence",
    "IntraclassCorrelation",
    "PrincipalComponents",
    "RiskModel",
    "Scaler",
    "Signature",
    "area_under_curve",
    "area_under_curve_interval",
    "band",
    "bland_altman",
    "choose_bin_count",
    "clustered_bootstrap",
    "concordance",
    "concordance_index",
    "concordance_interval",
    "cut_off_crossings",
    "decide_above",
    "describe_scores",
    "dice",
    "false_discovery_levels",
    "intraclass_correlation",
    "mann_whitney",
    "mann_whitney_between",
    "paired_t",
    "principal_components",
    "read_signature",
    "risk_scores",
    "score_lesion",
    "signature_scores",
    "wilcoxon_signed_rank",
]
