"""Do features of lesions come out right? A model beside its rivals, on patients never trained on."""

from .evaluate import evaluate_features
from .evidence import measure_evidence
from .tables import feature_lines

__all__ = ["evaluate_features", "feature_lines", "measure_evidence"]
