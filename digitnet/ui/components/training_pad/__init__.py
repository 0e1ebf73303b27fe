"""A small pad to draw on while a network is trained.

Its value is a drawing: a list of strokes, each a list of (x, y) points, 0..1000, y down. The event
``input`` is triggered when the pen is lifted, and when the drawing is cleared. A drawing that the
server sets goes when the visitor begins their own.
"""
