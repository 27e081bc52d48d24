"""Features of many cases, from and to CSV files as pyradiomics' command reads and writes them."""

from .cases import BatchCase, CaseList, read_cases
from .extraction import Outcome, extract_cases
from .output import case_table, describe_table, save_case_table

__all__ = [
    "BatchCase",
    "CaseList",
    "Outcome",
    "case_table",
    "describe_table",
    "extract_cases",
    "read_cases",
    "save_case_table",
]
