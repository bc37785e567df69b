"""What may break a rule of the shape, and why. The tables may only shrink: an entry without need fails the check."""

SIZE: dict[str, str] = {}
"""`path` (a module over the budget) or `path:function` (too long, too many parameters) -> the reason."""

LOCAL_IMPORTS: dict[str, str] = {}
"""`path:module.imported` (an import inside a function) -> the reason."""
