"""Google Meet: OAuth, events of the host's own calendar that bring a Meet room each. See README.md."""
