"""Training: data, degradations drawn at random, the loop, evaluation, export."""
