"""Comparators, one architecture a file."""
