"""A stand-in for a language model behind OpenAI's chat API: reads a transcript, answers the same each time."""
