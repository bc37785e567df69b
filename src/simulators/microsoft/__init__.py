"""A stand-in for Microsoft: the identity platform, and the parts of Graph a scheduling app calls, over real sockets."""
