"""The network at work: every value from the image to the ten answers, computed in the browser."""
