"""The laboratory that repeats the papers P1 to P4; see README.md. Nothing imports it, nothing installs it."""
