"""A lesion before and after, for the eye: one picture, one page."""
