"""Reads a mail that may be broken on purpose: always an answer, never an exception.

The bytes are untrusted. What cannot be read is replaced or left out, and `Message.defects` says so.
"""

import base64
import dataclasses
import email
import email.parser
import email.utils
import quopri
import re
from collections.abc import Iterator, Mapping
from email import policy
from email.message import Message as MimeMessage
from typing import Any

from simulators.mailbox.sanitizer import extract_text

MOST_PARTS = 200
LONGEST_ADDRESSES = 16_384  # characters of one header that are read for addresses
LONGEST_PART_HEADER = 2000  # characters; the parameters of Content-Type are parsed in quadratic time
PREVIEW_LENGTH = 160
CALENDAR_TYPES = {"text/calendar", "application/ics"}

# What the standard library's parser raises at hostile input, over the years of its bug tracker.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
ENCODED_WORD = re.compile(r"=\?([\w.:+-]{1,40})(?:\*[\w-]{1,20})?\?([bBqQ])\?([^?\s]*)\?=", re.ASCII)
CONTROLS = {code: chr(0x2400 + code) for code in range(32)} | {127: "\u2421"}


class _CappedPolicy(policy.Compat32):
    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST_PART_HEADER] if name.lower().startswith("content-") else value


CAPPED = _CappedPolicy()


@dataclasses.dataclass(frozen=True)
class Part:
    """One leaf of the MIME tree; `content` is decoded (base64, quoted-printable), `method` is of a calendar's type."""

    index: int
    content_type: str
    charset: str
    filename: str
    content_id: str
    attached: bool
    method: str
    content: bytes

    @property
    def text(self) -> str:
        """The content as text; what the charset does not know becomes U+FFFD."""
        return _decode_bytes(self.content, self.charset)

    @property
    def is_calendar(self) -> bool:
        """Whether it is an invitation, by its type or its name."""
        return self.content_type in CALENDAR_TYPES or self.filename.lower().endswith(".ics")


@dataclasses.dataclass(frozen=True)
class Message:
    """Headers decoded and in the order they came, bodies "" when missing, every leaf part, what is wrong with it.

    `wire_headers` are the same before decoding.
    """

    headers: tuple[tuple[str, str], ...]
    wire_headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    parts: tuple[Part, ...]
    defects: tuple[str, ...]

    def get(self, name: str) -> str:
        """The first header of that name, without the space that folding leaves in front; or ""."""
        return next((value.strip() for key, value in self.headers if key.lower() == name.lower()), "")

    def list_addresses(self, name: str) -> tuple[str, ...]:
        """The addresses of all headers of that name, each as `Name <address>`."""
        values = [value for key, value in self.wire_headers if key.lower() == name.lower()]
        try:  # on the value as it came: an encoded name may contain commas
            pairs = email.utils.getaddresses([", ".join(values)[:LONGEST_ADDRESSES]])
        except UNREADABLE:
            return ()
        readable = [
            (show_controls(decode_words(name)), show_controls(decode_words(address))) for name, address in pairs
        ]
        return tuple(f"{name} <{address}>" if name else address for name, address in readable if name or address)

    @property
    def calendars(self) -> tuple[Part, ...]:
        """The calendar parts; the same invitation as an alternative and as an attachment counts once."""
        first_of_each: dict[bytes, Part] = {}
        for part in self.parts:
            if part.is_calendar:  # transfer encodings may change the line ends
                first_of_each.setdefault(part.content.replace(b"\r", b"").strip(), part)
        return tuple(first_of_each.values())

    @property
    def attachments(self) -> tuple[Part, ...]:
        """What a reader would offer to save: neither a body nor a calendar."""
        return tuple(part for part in self.parts if not _is_body(part) and not part.is_calendar)


@dataclasses.dataclass(frozen=True)
class Summary:
    """What the lists show, kept beside the mail so that a list need not read every message."""

    subject: str
    sender: str
    preview: str
    methods: tuple[str, ...]
    attachments: int

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Summary":
        """Back from `as_json`."""
        return cls(**{**stored, "methods": tuple(stored["methods"])})


def mend(text: str) -> str:
    """Lone surrogates, which no encoder takes, become U+FFFD."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def show_controls(text: str) -> str:
    """Control characters become visible ones: a decoded header may carry CR LF, and must not look like two."""
    return mend(text).translate(CONTROLS)


def read_message(raw: bytes) -> Message:
    """Take a mail apart:

    1. parse it; if the nesting is too deep even for the parser, its headers only
    2. unfold and decode each header by itself, so that a bad one spoils nothing else
    3. collect the leaf parts in order, at most MOST_PARTS
    4. the bodies are the first plain and the first HTML part that are not attachments
    """
    defects: list[str] = []
    try:
        parsed: MimeMessage = email.message_from_bytes(raw, policy=CAPPED)
    except UNREADABLE as error:
        defects.append(f"The parts could not be taken apart ({type(error).__name__}).")
        parsed = email.parser.BytesHeaderParser(policy=CAPPED).parsebytes(raw)
        parsed.set_payload([])
    wire = tuple((show_controls(name), re.sub(r"\r?\n(?=[ \t])", "", value)) for name, value in parsed.raw_items())
    parts: list[Part] = []
    for leaf in _walk_leaves(parsed, defects):
        if len(parts) == MOST_PARTS:
            defects.append(f"Only the first {MOST_PARTS} parts are shown.")
            break
        parts.append(_read_part(len(parts), leaf))
    return Message(
        headers=tuple((name, show_controls(decode_words(value))) for name, value in wire),
        wire_headers=wire,
        text=_first_body(parts, "text/plain"),
        html=_first_body(parts, "text/html"),
        parts=tuple(parts),
        defects=tuple(dict.fromkeys(defects)),
    )


def summarise(message: Message) -> Summary:
    """The few words for the lists."""
    words = message.text or extract_text(message.html)
    return Summary(
        subject=message.get("Subject")[:300],
        sender=(message.list_addresses("From") or ("",))[0][:300],
        preview=" ".join(words[:4000].split())[:PREVIEW_LENGTH],
        methods=tuple(part.method or "CALENDAR" for part in message.calendars),
        attachments=len(message.attachments),
    )


def decode_words(value: str) -> str:
    """Decode the encoded words of RFC 2047; what is none or is broken stays as it came.

    1. blanks between two encoded words belong to neither
    2. neighbours of one charset are joined as bytes, since senders cut characters in the middle
    3. what the charset cannot read becomes U+FFFD
    """
    value = re.sub("[\ud800-\udfff]+", _restore_bytes, value)
    pieces: list[tuple[str, bytearray]] = []
    end = 0
    for word in ENCODED_WORD.finditer(value):
        charset, encoding, content = word.groups()
        decoded = _decode_word(encoding, content)
        between = value[end : word.start()]
        end = word.end()
        if between and (between.strip() or not pieces or not pieces[-1][0]):
            pieces.append(("", bytearray(between, "utf-8")))
        if pieces and pieces[-1][0] == charset.lower():
            pieces[-1][1].extend(decoded)
        else:
            pieces.append((charset.lower(), bytearray(decoded)))
    pieces.append(("", bytearray(value[end:], "utf-8")))
    return "".join(_decode_bytes(content, charset) for charset, content in pieces)


def _decode_word(encoding: str, content: str) -> bytes:
    data = content.encode("ascii", "ignore")
    if encoding in "qQ":
        return quopri.decodestring(data.replace(b"_", b" "), header=False)
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4)) or data
    except ValueError:
        return data


def _decode_bytes(content: bytes | bytearray, charset: str) -> str:
    try:
        return mend(content.decode(charset or "utf-8", "replace"))
    except (LookupError, ValueError):  # no such charset
        return content.decode("utf-8", "replace")


def _restore_bytes(found: re.Match[str]) -> str:
    """The parser keeps raw 8-bit bytes as surrogates; senders mean UTF-8 (RFC 6532)."""
    return found.group().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _walk_leaves(message: MimeMessage, defects: list[str]) -> Iterator[MimeMessage]:
    """Leaves in order, without recursion. A forwarded mail (message/rfc822) is one leaf: its bodies are not ours."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        for defect in part.defects:
            defects.append((type(defect).__doc__ or type(defect).__name__).strip().splitlines()[0])
        payload = part.get_payload()
        if isinstance(payload, list) and part.get_content_maintype() != "message":
            waiting.extend(reversed([child for child in payload if isinstance(child, MimeMessage)]))
        else:
            yield part


def _read_part(index: int, part: MimeMessage) -> Part:
    return Part(
        index=index,
        content_type=show_controls(part.get_content_type()),
        charset=str(_ask(part.get_content_charset) or ""),
        filename=_read_filename(part),
        content_id=show_controls(str(part.get("Content-ID", ""))).strip().strip("<>"),
        attached=_ask(part.get_content_disposition) == "attachment",
        method=show_controls(str(_ask(lambda: part.get_param("method")) or "")).upper()[:40],
        content=_read_content(part),
    )


def _ask(question: Any) -> object:
    """A parameter of a part, or None where the header is too broken for the parser."""
    try:
        answer: object = question()
    except UNREADABLE:
        return None
    return answer


def _read_filename(part: MimeMessage) -> str:
    name = str(_ask(part.get_filename) or "")  # encoded words are not allowed in parameters, but common
    return re.split(r"[/\\]", show_controls(decode_words(name)))[-1].strip()[:200]


def _read_content(part: MimeMessage) -> bytes:
    payload = part.get_payload()
    if isinstance(payload, list):
        inner = payload[0] if payload else None
        return bytes(_ask(inner.as_bytes) or b"") if isinstance(inner, MimeMessage) else b""  # type: ignore[call-overload]
    decoded = _ask(lambda: part.get_payload(decode=True))
    return decoded if isinstance(decoded, bytes) else b""


def _is_body(part: Part) -> bool:
    return part.content_type in ("text/plain", "text/html") and not part.attached and not part.filename


def _first_body(parts: list[Part], content_type: str) -> str:
    return next((part.text for part in parts if part.content_type == content_type and _is_body(part)), "")
