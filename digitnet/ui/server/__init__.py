"""Serving the page: limits, endpoints, ZeroGPU."""
