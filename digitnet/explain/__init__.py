"""Why a model answers as it does, and what changes its answer."""
