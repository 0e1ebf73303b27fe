"""Training: the loop, its recipes and augmentation, and the worker process of the page."""
