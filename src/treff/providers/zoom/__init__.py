"""Zoom: OAuth, four endpoints, signed events. See README.md."""
