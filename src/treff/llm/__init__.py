"""Writes what a transcript says in short, through any endpoint that speaks as OpenAI's chat completions do."""
