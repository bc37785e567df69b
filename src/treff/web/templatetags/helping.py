"""What articles of the help are written with."""

import re

from django import template
from django.utils.translation import gettext, ngettext

register = template.Library()
_PLACE = re.compile(r"%\((\w+)\)[sd]")
_EXAMPLES = {"provider": "Zoom"}
_MANY = 5


@register.simple_tag
def says(msgid: str, plural: str = "") -> str:
    """A message of the product, word for word in the reader's language; what it fills in is left open.

    Texts are collected where the product says them: a message that nobody says any more is found by a test.
    """
    text = ngettext(msgid, plural, _MANY) if plural else gettext(msgid)
    return _PLACE.sub(lambda place: _EXAMPLES.get(place.group(1), "…"), text)
