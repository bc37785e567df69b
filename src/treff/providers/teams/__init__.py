"""Microsoft Teams: OAuth, events of Outlook with a meeting, meetings without an event. See README.md."""
