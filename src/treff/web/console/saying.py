"""What a form that was saved has changed, in words: its fields, what stood in them, what stands in them now."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext, pgettext

_LONGEST = 60
_NOTHING = "–"


def saved(form: forms.Form) -> str:
    """One sentence, plain text, of a valid form that was filled in from its `initial`."""
    return said(changes(form, form.initial, form.cleaned_data))


def said(changed: Sequence[str]) -> str:
    if not changed:
        return gettext("Nothing was changed.")
    return gettext("Saved: %(changes)s.") % {"changes": "; ".join(changed)}


def switched(what: str, before: bool, after: bool) -> str:
    """Of a switch that saves itself."""
    return said([] if before == after else [_from_to(what, _yes(before), _yes(after))])


def changes(form: forms.Form, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Of each field that says something else now. A field `x_unit` is the unit of `x`, and told with it."""
    found = []
    for name, field in form.fields.items():
        if name.endswith("_unit") or isinstance(field.widget, forms.HiddenInput):
            continue
        label = str(field.label or name)
        old, new = (_word(form, name, values) for values in (before, after))
        if isinstance(field.widget, forms.Textarea | forms.FileInput):
            if _plain(before.get(name)) != _plain(after.get(name)):
                found.append(gettext("%(field)s changed") % {"field": label})
        elif old != new:
            found.append(_from_to(label, old, new))
    return found


def _from_to(label: str, old: str, new: str) -> str:
    return gettext("%(field)s %(old)s → %(new)s") % {"field": label, "old": old, "new": new}


def _plain(value: object) -> str:
    """Browsers send line breaks as \\r\\n."""
    return str(value or "").replace("\r\n", "\n").strip()


def _word(form: forms.Form, name: str, values: Mapping[str, Any]) -> str:
    word = _of_field(form.fields[name], values.get(name))
    unit = form.fields.get(f"{name}_unit")
    return word if unit is None or word == _NOTHING else f"{word} {_of_field(unit, values.get(f'{name}_unit'))}"


def _of_field(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.BooleanField):
        return _yes(bool(value))
    if value is None or value in ("", (), []):
        return _NOTHING
    if isinstance(field, forms.ChoiceField):
        names = {str(key): str(label) for key, label in field.widget.choices}
        chosen = value if isinstance(value, list | tuple) else [value]
        return ", ".join(names.get(str(one), str(one)) for one in chosen)
    if isinstance(value, date):
        return format_date(value, pgettext("date format: day, month and year", "j M Y"))
    if isinstance(value, list | tuple):
        return ", ".join("–".join(one) if isinstance(one, tuple) else str(one) for one in value)
    text = " ".join(str(value).split())
    return f"{text[: _LONGEST - 1]}…" if len(text) > _LONGEST else text


def _yes(is_so: bool) -> str:
    return pgettext("a setting", "yes") if is_so else pgettext("a setting", "no")
