"""A stand-in for Attendee: its API, the lives of its bots, its webhooks and a small portal, over real sockets."""
