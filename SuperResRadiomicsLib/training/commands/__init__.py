"""The commands of `superres-train`, by what they are for."""
