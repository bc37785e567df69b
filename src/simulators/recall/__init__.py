"""A stand-in for Recall.ai: its API, the lives of its bots and its webhooks, over real sockets."""
