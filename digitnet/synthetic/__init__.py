"""A writer of pen strokes: digits in many hands, and drawings that are not digits."""
