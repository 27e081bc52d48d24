"""The training configuration: one YAML file fixes a run."""

from .data import DataConfig
from .degradation import DegradationConfig, SlicesConfig
from .evaluation import EvaluationConfig, FeatureSetConfig
from .reading import read_yaml
from .run import NetworkConfig, OptimiserConfig, RunConfig
from .section import Section
from .training import NOT_STATED, SourceConfig, TrainingConfig, read_config

__all__ = [
    "NOT_STATED",
    "DataConfig",
    "DegradationConfig",
    "EvaluationConfig",
    "FeatureSetConfig",
    "NetworkConfig",
    "OptimiserConfig",
    "RunConfig",
    "Section",
    "SlicesConfig",
    "SourceConfig",
    "TrainingConfig",
    "read_config",
    "read_yaml",
]
