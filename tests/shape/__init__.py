"""What the shape of the code must be: each check is a function of a root folder, tested with planted violations."""
