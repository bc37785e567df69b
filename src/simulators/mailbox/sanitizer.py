"""Makes a stranger's HTML fit to show: rebuilt from an allow-list, never passed through.

This is the first of three walls; the frame's sandbox and its Content-Security-Policy stand behind it.
"""

import dataclasses
import html
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from simulators.mailbox.markup import EndTag, StartTag, Text, read_tokens

LONGEST_HTML = 500_000  # characters that are read; a mail client cuts far earlier (Gmail at 102 kB)
LONGEST_PREVIEWED = 50_000


def _list_words(words: str) -> frozenset[str]:
    return frozenset(words.split())


TAGS = _list_words(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn"
    " div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q"
    " s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
VOID_TAGS = frozenset(["br", "col", "hr", "img", "wbr"])
DROPPED_WITH_CONTENT = _list_words(
    "iframe math noembed noframes noscript object script select svg template textarea title xmp"
)
BLOCKS = _list_words("p div br li tr td th h1 h2 h3 h4 h5 h6 table ul ol hr blockquote pre")
ATTRIBUTES = _list_words(
    "abbr align alt bgcolor border cellpadding cellspacing class color cols colspan datetime dir face headers height"
    " hspace id lang nowrap open role rowspan scope size span start style title type valign vspace width"
)
LINK_SCHEMES = frozenset(["http", "https", "mailto", "tel", "webcal"])
INLINE_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*\Z")
COLOR_SCHEMES = frozenset(["light", "dark", "only", "normal"])


@dataclasses.dataclass(frozen=True)
class SafeHtml:
    """A whole document, and how many images from elsewhere were left out."""

    document: str
    remote_images: int


def sanitize(source: str, images: Mapping[str, str]) -> SafeHtml:
    """Rebuild `source`; `images` maps the Content-IDs of the mail's own pictures to addresses on this server."""
    builder = _Builder(images)
    builder.build(source[:LONGEST_HTML])
    body = "".join(builder.pieces)
    style = "".join(builder.styles)
    document = (
        '<!doctype html><html><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="{builder.color_scheme or "light"}">'
        "<style>body{margin:16px;font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}img{max-width:100%}"
        f"</style><style>{style}</style></head><body{builder.body_attributes}>{body}</body></html>"
    )
    return SafeHtml(document, builder.remote_images)


def extract_text(source: str) -> str:
    """The words of an HTML mail, for previews."""
    builder = _Builder({})
    builder.build(source[:LONGEST_PREVIEWED])
    return "".join(builder.words)


class _Builder:
    def __init__(self, images: Mapping[str, str]) -> None:
        self.pieces: list[str] = []
        self.words: list[str] = []
        self.styles: list[str] = []
        self.body_attributes = ""
        self.color_scheme = ""
        self.remote_images = 0
        self._images = images
        self._dropping = ""  # the element whose content is being dropped, and how many of its kind are open
        self._depth = 0
        self._in_style = False

    def build(self, source: str) -> None:
        for token in read_tokens(source):
            if isinstance(token, StartTag):
                self._open(token)
            elif isinstance(token, EndTag):
                self._close(token.tag)
            elif not self._dropping:
                self._write(token)

    def _open(self, token: StartTag) -> None:
        tag, given = token.tag, token.attributes
        if self._dropping:
            self._depth += tag == self._dropping
        elif tag in DROPPED_WITH_CONTENT:
            if not (token.closed and tag in ("svg", "math")):  # only these close themselves; `<script/>` is open
                self._dropping, self._depth = tag, 1
        elif tag == "style":
            self._in_style = True
        elif tag == "body":
            self.body_attributes = self.body_attributes or _write_attributes(_keep_plain(given))
        elif tag == "meta" and given.get("name", "").lower() == "color-scheme":
            self.color_scheme = " ".join(word for word in given.get("content", "").split() if word in COLOR_SCHEMES)
        elif tag in TAGS:
            if tag in BLOCKS:
                self.words.append(" ")
            self.pieces.append(f"<{tag}{_write_attributes(self._keep_attributes(tag, given))}>")

    def _close(self, tag: str) -> None:
        if self._dropping:
            self._depth -= tag == self._dropping
            self._dropping = self._dropping if self._depth else ""
        elif tag == "style":
            self._in_style = False
        elif tag in TAGS and tag not in VOID_TAGS:
            self.pieces.append(f"</{tag}>")

    def _write(self, token: Text) -> None:
        """Text, escaped; style sheets without anything that could end them."""
        if self._in_style:
            self.styles.append(re.sub(r"<(?![\s=])", "", token.text))
        else:
            self.pieces.append(html.escape(token.text, quote=False))
            self.words.append(token.text)

    def _keep_attributes(self, tag: str, given: Mapping[str, str]) -> dict[str, str]:
        kept = _keep_plain(given)
        if tag == "a" and (address := _clean_address(given.get("href", ""))):
            kept["href"] = address
            if not address.startswith("#"):
                kept |= {"target": "_blank", "rel": "noopener noreferrer"}
        if tag == "img":
            source = given.get("src", "").strip()
            if source.lower().startswith("cid:"):
                kept["src"] = self._images.get(source[4:], "")
            elif INLINE_IMAGE.match(source):
                kept["src"] = source
            elif source:
                self.remote_images += 1
        return {name: value for name, value in kept.items() if value or name != "src"}


def _keep_plain(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name in ATTRIBUTES or re.fullmatch(r"aria-[a-z]+", name)}


def _clean_address(address: str) -> str:
    """An address a person may follow, or "": no scripts, nothing relative, which would lead to this server."""
    stripped = re.sub(r"[\x00-\x20\x7f]", "", address)  # browsers ignore these inside a scheme
    if stripped.startswith("#"):
        return stripped
    try:
        scheme = urlsplit(stripped).scheme.lower()
    except ValueError:
        return ""
    return stripped if scheme in LINK_SCHEMES else ""


def _write_attributes(attributes: Mapping[str, str]) -> str:
    return "".join(f' {name}="{html.escape(value, quote=True)}"' for name, value in attributes.items())
