"""Notes with consent: recording bots, what they hear, and what becomes of it. Knows no vendor."""
