"""Measurements of the running product: python -m bench. Nothing here passes or fails."""
