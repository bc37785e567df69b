"""Requests to addresses that people typed in: to the public internet only, whatever a name resolves to."""
