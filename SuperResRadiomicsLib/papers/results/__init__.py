"""The page of results: one section a paper, from stored evaluations."""

from .config import PaperResults, Picture, ResultsConfig, ResultsTable, Target
from .page import write_results_page

__all__ = ["PaperResults", "Picture", "ResultsConfig", "ResultsTable", "Target", "write_results_page"]
