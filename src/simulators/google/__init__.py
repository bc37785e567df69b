"""A stand-in for Google: its OAuth, its Calendar API with Meet links, its notifications and a small portal, over real
sockets."""
