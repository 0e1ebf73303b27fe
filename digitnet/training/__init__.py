"""Training: the loop, its recipes and augmentation, and the worker process that the page starts."""
