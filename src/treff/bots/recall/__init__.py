"""Recall.ai: bots by its REST API, signed webhooks. See README.md."""
