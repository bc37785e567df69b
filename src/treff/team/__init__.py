"""How members come and go: invitations, roles, leaving a workspace and coming back."""
