"""Plain Python that knows nobody: time, intervals, ids, secrets, errors."""
