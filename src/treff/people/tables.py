"""Tables as files: reading the CSV that people have, writing the one that spreadsheets take."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from treff.kernel.errors import N_, Invalid

MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 2 * 1024 * 1024, 5000, 50
SEPARATORS = ";,\t"
# How files begin that are no text: Excel's (a zip, or OLE), PDF, gzip.
_NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# Spreadsheets take what begins so for a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = "=+-@\t\r"
_LOOKED_AT = 20
_SEPARATOR_LINE = re.compile(r"sep=([;,\t])\r?\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` without empty ones, each with the number of the line in the file that it begins on."""

    encoding: str
    separator: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read(raw: bytes) -> Table:
    """The table of a CSV file: UTF-8, UTF-16 or Windows-1252, separated by semicolon, comma or tab.

    Raises Invalid for field file.
    """
    if len(raw) > MOST_BYTES:
        raise Invalid("file", N_("The file may have at most %(megabytes)d MB."), megabytes=MOST_BYTES // 1024**2)
    text, encoding = _text_of(raw)
    named = _SEPARATOR_LINE.match(text)
    separator = named[1] if named else _separator_of(text)
    lines = list(_records(text[named.end() :] if named else text, separator))
    if named:
        lines = [(line + 1, cells) for line, cells in lines]
    if len(lines) < 2:
        raise Invalid("file", N_("The file needs a line of headings, and at least one line below it."))
    if len(lines) - 1 > MOST_ROWS:
        raise Invalid("file", N_("The file may have at most %(most)d lines below its headings."), most=MOST_ROWS)
    header = lines[0][1]
    if len(header) > MOST_COLUMNS:
        raise Invalid("file", N_("The file may have at most %(most)d columns."), most=MOST_COLUMNS)
    return Table(encoding, separator, header, tuple(lines[1:]))


def _text_of(raw: bytes) -> tuple[str, str]:
    """The text, and how it was encoded. Raises Invalid."""
    for encoding in _encodings(raw):
        try:
            text = raw.decode(encoding)
        except UnicodeError:
            continue
        if "\0" not in text:
            return text, encoding
    raise Invalid(
        "file", N_("This is no CSV file that we can read. In a spreadsheet program, save the table as CSV (UTF-8).")
    )


def _encodings(raw: bytes) -> Iterator[str]:
    """What it may be, the surest first. No text is UTF-8 by chance; Windows-1252 takes nearly all."""
    if raw.startswith(_NO_TEXT):
        return
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            yield encoding
            return
    start = raw[:2000]
    if b"\0" in start:  # every second byte of Latin letters in UTF-16
        yield "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
        return
    yield "utf-8"
    yield "cp1252"


def _separator_of(text: str) -> str:
    """The one that cuts the first lines into the most columns, all of them alike."""
    found = {separator: _width(text, separator) for separator in SEPARATORS}
    return max(found, key=lambda separator: found[separator])


def _width(text: str, separator: str) -> tuple[int, int]:
    widths = []
    try:
        for _, cells in _records(text, separator):
            widths.append(len(cells))
            if len(widths) == _LOOKED_AT:
                break
    except Invalid:
        return (0, 0)
    if not widths or widths[0] < 2:
        return (0, 0)
    return (widths.count(widths[0]), widths[0])


def _records(text: str, separator: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Rows that are not empty, each with the line it begins on. Raises Invalid."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, tuple(_plain(cell.strip()) for cell in cells)
            line = reader.line_num + 1
    except csv.Error:
        raise Invalid(
            "file", N_("Line %(line)d cannot be read: look for a quotation mark too many or too few."), line=line
        ) from None


def _plain(cell: str) -> str:
    """Without the apostrophe that `write` puts before what looks like a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] and cell[1] in _FORMULA else cell


def write(rows: Iterable[Sequence[str]], separator: str) -> Iterator[str]:
    """The lines of a CSV file, in which no cell is a formula."""
    line = io.StringIO(newline="")
    writer = csv.writer(line, delimiter=separator)
    for row in rows:
        writer.writerow([f"'{cell}" if cell[:1] and cell[0] in _FORMULA else cell for cell in row])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
