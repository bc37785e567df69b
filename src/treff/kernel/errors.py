"""The exception tree of Treff.

    TreffError                  every exception that a person may read the sentence of
     ├── Invalid                 the input breaks a rule; names the field            -> 422, the form as typed
     ├── NotFound                missing, or of another workspace: the same answer   -> 404
     ├── Forbidden               seen, but not allowed to this role                  -> 403
     ├── Conflict                true when asked, no longer true now                 -> 409
     ├── TooMany                 more than one sender may do within an hour          -> 429
     └── Unavailable             ours is broken or not configured; try again         -> 503

Each package refines these in its own `errors.py`. A sentence is an English msgid, marked by `N_` so that the extractor
finds it; who shows it to a person translates it into that person's language and fills in `params`.
"""


def N_(msgid: str) -> str:  # noqa: N802  the name that gettext's extractors know
    """Mark a sentence for translation without translating it yet (gettext's "noop")."""
    return msgid


class TreffError(Exception):
    """Base of all; `sentence` is what a person reads (plain text), with %(name)s places for `params`."""

    code = "error"

    def __init__(self, sentence: str = "", **params: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.params = params

    def __str__(self) -> str:
        return self.sentence % self.params if self.params else self.sentence


class Invalid(TreffError):
    """A rule is broken by the value of `field` (a name as in the API and the forms)."""

    code = "invalid"

    def __init__(self, field: str, sentence: str, **params: object) -> None:
        super().__init__(sentence, **params)
        self.field = field


class NotFound(TreffError):
    """No such object in this workspace. Never says whether it exists elsewhere."""

    code = "not_found"


class Forbidden(TreffError):
    """The role does not allow this."""

    code = "forbidden"


class Conflict(TreffError):
    """Somebody or something was faster."""

    code = "conflict"


class TooMany(TreffError):
    """One sender did this very often; after an hour it may be done again."""

    code = "too_many"


class Unavailable(TreffError):
    """A part of ours is not there or not set up."""

    code = "unavailable"
