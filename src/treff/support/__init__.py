"""Reports of problems: what a member saw, with what belongs to it and nothing secret."""
