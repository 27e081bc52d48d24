"""What both commands share: what they print, and how they end."""
