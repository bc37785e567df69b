"""A stand-in for Zoom: its OAuth, its meeting API, its webhooks and a small web portal, over real sockets."""
