"""Training methods of comparators, one a file."""
