"""Every message of the product about meetings and connections, found where the product says it."""

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType

from tests.shape.sources import ROOT, tree
from treff.appointments import errors as appointment_errors
from treff.booking_types.states import CONFERENCING
from treff.conferencing import errors as conferencing_errors
from treff.conferencing.rules import explain
from treff.conferencing.states import Reason, Sync
from treff.kernel.errors import TreffError
from treff.mail import errors as mail_errors
from treff.notetaking import errors as notetaking_errors
from treff.notetaking import rules as notetaking
from treff.notetaking.states import Cause
from treff.notetaking.states import Reason as BotsReason
from treff.team import errors as team_errors

PATHS = (
    *(f"src/treff/web/console/{name}.py" for name in ("meetings", "doctor", "choices", "cleanup", "today")),
    "src/treff/appointments/explaining.py",
    "src/treff/availability/explaining.py",
)

# Sentences in those modules that are no message about a meeting or a connection.
NO_MESSAGES = {
    "%(who)s can enable it.": "who can, after a sentence that is in the help",
    "%(who)s can connect one.": "who can, after a sentence that is in the help",
    "An administrator can connect an account.": "what to do, after a sentence that is in the help",
    "In person or by phone.": "what no conferencing is for",
    "The lead gets a link by email.": "nothing is the matter",
    "Treff catches up automatically. You can also have it tried now.": "what to do, beside its message",
    "Since %(time)s.": "since when, after a sentence that is in the help",
    "Missing: %(scopes)s.": "which, after a sentence that is in the help",
    "Please choose what you found.": "an answer to a button",
    "%(marker)s is marked as deleted. You can reopen it below.": "an answer to a button",
    "%(marker)s is marked as not there. You can reopen it below.": "an answer to a button",
    "%(marker)s comes up again in a week.": "an answer to a button",
    "%(marker)s is open again.": "an answer to a button",
}
CURES = ("cure", "again", "operator")
"""Names of variables in which the modules keep what to do; it stands beside its message, and the help has its own."""


def of_reasons() -> Iterator[tuple[str, str]]:
    """(anchor, message) of each cause and state of a meeting."""
    for reason in Reason:
        if reason != Reason.NONE:
            yield reason.value.replace("_", "-"), explain(Sync.BLOCKED, reason).message
    for state in (Sync.IN_STEP, Sync.PENDING, Sync.UNNEEDED):
        yield state.value.replace("_", "-"), explain(state, Reason.NONE).message


def of_bots() -> Iterator[tuple[str, str]]:
    """(anchor, message) of each reason why a recording bot failed, or why its vendor cannot be worked with."""
    for cause in Cause:
        explanation = notetaking.explain(cause)
        if explanation is not None:
            yield f"bot-{cause.value}".replace("_", "-"), explanation.message
    for reason in BotsReason:
        explanation = notetaking.explain_trouble(reason)
        if explanation is not None:
            yield f"bots-{reason.value}".replace("_", "-"), explanation.message


def of_errors() -> Iterator[TreffError]:
    """One of each error that a person may read."""
    for module in (appointment_errors, conferencing_errors, mail_errors, team_errors, notetaking_errors):
        for kind in vars(module).values():
            if inspect.isclass(kind) and issubclass(kind, TreffError) and kind.__module__ == module.__name__:
                yield from _made(kind, module)


def _made(kind: type[TreffError], module: ModuleType) -> Iterator[TreffError]:
    if kind is getattr(module, "ConnectingFailed", None):
        return  # the base of those that follow it
    needed = [name for name in inspect.signature(kind).parameters if name == "missing"]
    yield kind(**dict.fromkeys(needed, "…"))


def of_pages() -> Iterator[tuple[str, str]]:
    """Sentences (msgids) of the modules that put the state of meetings and connections into words.

    Of one with a plural that, and its singular; else the second is empty.
    """
    for path in PATHS:
        for node in _calls(path):
            texts = _texts(node)
            if texts and texts[-1].endswith(".") and texts[-1] not in NO_MESSAGES:
                yield texts[-1], "".join(texts[:-1])


def everything_said() -> set[str]:
    return {text for path in PATHS for node in _calls(path, but=()) for text in _texts(node)}


def of_doctor() -> set[str]:
    """What `treff doctor` calls the things that it examines, settings excepted."""
    modules = [tree(path) for path in (ROOT / "src/treff/management").glob("doctor*.py")]
    calls = [node for module in modules for node in ast.walk(module) if isinstance(node, ast.Call)]
    found = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Finding"]
    names = {name.value for name in found if isinstance(name, ast.Constant) and isinstance(name.value, str)}
    return {name for name in names if not name.startswith("TREFF_")} | set(CONFERENCING)


def _calls(path: str, but: tuple[str, ...] = CURES) -> Iterator[ast.Call]:
    module = tree(ROOT / path)
    beside = {
        id(call)
        for node in ast.walk(module)
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id in but for t in node.targets)
        for call in ast.walk(node.value)
    }
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call) and id(node) not in beside]
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id in ("gettext", "ngettext", "N_"):
            yield call


def _texts(call: ast.Call) -> list[str]:
    return [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
