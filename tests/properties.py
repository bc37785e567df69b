"""How hypothesis runs here: the same examples every time, no clock on a single one, nothing kept on disk."""

from hypothesis import settings

STEADY = settings(derandomize=True, deadline=None, max_examples=200, database=None)
