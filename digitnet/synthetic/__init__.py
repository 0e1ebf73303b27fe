"""Synthetic handwriting: digits in many styles, and drawings that are not digits."""
