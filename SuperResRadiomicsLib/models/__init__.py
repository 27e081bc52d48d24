"""Model cards: find, check, verify and choose the models."""
