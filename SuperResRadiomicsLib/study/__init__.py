"""Cohort studies: a manifest and a protocol, features of every lesion on every version, statistics, a report."""

EXTRA_PACKAGES = ("cryptography", "dask", "distributed", "pyarrow", "pydantic", "yaml")
