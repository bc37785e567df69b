"""What a data directory remembers of its database, so that a database that went back in time is noticed.

With every look of a worker, about once a second, a number grows in the database, and after that commit in a small file.
A database that knows a smaller number than the file has lost commits, however that came about: a backup was restored,
a replica took over that was behind, a disk was put back.
"""

import json
import os
from pathlib import Path

import structlog
from django.conf import settings
from django.db.models import F

from treff.kernel.ids import new_id
from treff.recovery.models import Installation, Recovery, Witness
from treff.recovery.rules import Found, Seen, judge
from treff.recovery.states import Verdict

log = structlog.get_logger()


def compare() -> Verdict:
    """What the directory's memory says of the database now. Changes nothing."""
    seen = _read()
    return judge(seen, _found(seen))


def look() -> Verdict:
    """The same, and one more beat; not for a database that has forgotten something."""
    seen = _read()  # before the database, or the beat of another worker would look like a loss
    found = _found(seen)
    verdict = judge(seen, found)
    if verdict == Verdict.SAME and seen is not None and found.beat is not None:
        Witness.objects.filter(place=seen.place).update(beat=F("beat") + 1)
        _write(Seen(seen.installation, seen.recovery, seen.place, found.beat + 1))
    elif verdict == Verdict.NEW:
        _meet(seen, found)
    return verdict


def _meet(seen: Seen | None, found: Found) -> None:
    """Remember this database from now on. A directory keeps its name within one installation."""
    installation = found.installation or Installation.objects.get_or_create(pk=1)[0].public_id
    known = seen is not None and seen.installation == installation
    place = seen.place if seen is not None and known else new_id("place")
    witness, _made = Witness.objects.get_or_create(place=place)
    _write(Seen(installation, found.recovery, place, witness.beat))


def _found(seen: Seen | None) -> Found:
    installation = Installation.objects.values_list("public_id", flat=True).first()
    recoveries = list(Recovery.objects.order_by("pk").values_list("public_id", "resumed_at"))
    is_held = any(resumed_at is None for _public_id, resumed_at in recoveries)
    beat = Witness.objects.filter(place=seen.place).values_list("beat", flat=True).first() if seen else None
    return Found(installation or "", [public_id for public_id, _resumed_at in recoveries], is_held, beat)


def _file() -> Path:
    return Path(settings.TREFF_DATA_DIR) / "witness.json"


def _read() -> Seen | None:
    try:
        kept = json.loads(_file().read_text())
        return Seen(str(kept["installation"]), str(kept["recovery"]), str(kept["place"]), int(kept["beat"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError):  # cut off by a power failure: nothing is known then
        log.warning("witness_unreadable")
        return None


def _write(seen: Seen) -> None:
    """Whole or not at all. Not synced: it has to outlive the database's machine, not its own."""
    text = {"installation": seen.installation, "recovery": seen.recovery, "place": seen.place, "beat": seen.beat}
    file = _file()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_name(f".witness.{os.getpid()}")
        draft.write_text(json.dumps(text))
        draft.rename(file)
    except OSError:  # the disk is full: then a loss may go unnoticed, which is no reason to stop
        log.exception("witness_not_kept")
