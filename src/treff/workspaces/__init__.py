"""Workspaces, their members and roles, API keys, and the one scope that every query goes through."""
