"""Reads a mail that may be broken on purpose: always an answer, never an exception.

The bytes are untrusted. What cannot be read is replaced or left out, and `Message.defects` says so.
"""

import dataclasses
import email
import email.parser
import email.utils
import re
from collections.abc import Iterator, Mapping
from email import policy
from email.message import Message as MimeMessage
from typing import Any

from simulators.mailbox.sanitizer import extract_text

MOST_PARTS = 200
LONGEST_PARSED_HEADER = 16_384  # the structured parser of the standard library takes minutes for megabytes
PREVIEW_LENGTH = 160
CALENDAR_TYPES = {"text/calendar", "application/ics"}

# What the standard library's parser raises at hostile input, over the years of its bug tracker.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
CONTROLS = {code: chr(0x2400 + code) for code in range(32)} | {127: "\u2421"}


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
        try:
            return mend(self.content.decode(self.charset or "utf-8", "replace"))
        except (LookupError, ValueError):  # no such charset
            return self.content.decode("utf-8", "replace")

    @property
    def is_calendar(self) -> bool:
        """Whether it is an invitation, by its type or its name."""
        return self.content_type in CALENDAR_TYPES or self.filename.lower().endswith(".ics")


@dataclasses.dataclass(frozen=True)
class Message:
    """Headers decoded and in the order they came, bodies "" when missing, every leaf part, what is wrong with it."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    parts: tuple[Part, ...]
    defects: tuple[str, ...]

    def get(self, name: str) -> str:
        """The first header of that name, or ""."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def list_addresses(self, name: str) -> tuple[str, ...]:
        """The addresses of all headers of that name, each as `Name <address>`."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        pairs = email.utils.getaddresses([value[:LONGEST_PARSED_HEADER] for value in values])
        # formataddr would encode names that are not ASCII again; this is for reading
        return tuple(f"{name} <{address}>" if name else address for name, address in pairs if name or address)

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
    2. decode each header by itself, so that a bad one spoils nothing else
    3. collect the leaf parts in order, at most MOST_PARTS
    4. the bodies are the first plain and the first HTML part that are not attachments
    """
    defects: list[str] = []
    try:
        parsed: MimeMessage = email.message_from_bytes(raw, policy=policy.compat32)
    except UNREADABLE as error:
        defects.append(f"The parts could not be taken apart ({type(error).__name__}).")
        parsed = email.parser.BytesHeaderParser(policy=policy.compat32).parsebytes(raw)
    headers = tuple((show_controls(name), _decode_header(name, value)) for name, value in parsed.raw_items())
    parts: list[Part] = []
    for leaf in _walk_leaves(parsed, defects):
        if len(parts) == MOST_PARTS:
            defects.append(f"Only the first {MOST_PARTS} parts are shown.")
            break
        parts.append(_read_part(len(parts), leaf))
    return Message(
        headers=headers,
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


def _decode_header(name: str, value: str) -> str:
    """Unfolded and decoded, by the standard library's parser when it can."""
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", value)
    if len(unfolded) <= LONGEST_PARSED_HEADER:
        try:
            return show_controls(str(policy.default.header_fetch_parse(name, value)))
        except UNREADABLE:
            pass  # its parser has bugs that hostile headers reach; the value as it came will do
    return show_controls(unfolded.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


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
    name = str(_ask(part.get_filename) or "")
    if "=?" in name:  # encoded words are not allowed in parameters, but common
        name = _decode_header("Subject", name)
    return re.split(r"[/\\]", show_controls(name))[-1].strip()[:200]


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
