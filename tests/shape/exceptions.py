"""What may break a rule of the shape, and why. The tables may only shrink: an entry without need fails the check."""

SIZE: dict[str, str] = {}
"""`path` (a module over the budget) or `path:function` (too long, too many parameters) -> the reason."""

LOCAL_IMPORTS: dict[str, str] = {}
"""`path:module.imported` (an import inside a function) -> the reason."""

NOT_ONLY_EXPANDING: dict[str, str] = {
    "appointments.0002_self_service": "older than the first release: nothing runs beside it",
    "audit.0002_append_only": "no version ever changed an entry, so the trigger refuses nobody",
    "audit.0003_redaction": "the trigger lets go of names of who was erased, and refuses everything else as before",
    "booking_types.0003_offers": "older than the first release: nothing runs beside it",
    "conferencing.0002_accounts": "older than the first release: nothing runs beside it",
    "conferencing.0003_clean_up": "older than the first release: nothing runs beside it",
    "conferencing.0007_repeating": "an index is made anew, which no version needs by its name",
    "workspaces.0004_calendar_version": "older than the first release: nothing runs beside it",
    "workspaces.0002_cache_table": "makes a table that older versions do not know",
}
"""`app.migration` (one that does not only add) -> why the version before survives it all the same."""
