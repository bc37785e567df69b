"""CSV as people have it, and as spreadsheets may be given it."""

import csv
import io
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.kernel.errors import Invalid
from treff.people import tables

TEXT = "Name;E-Mail;Firma\r\nJörg Süß;joerg@suess.example;Müller & Söhne\r\n"
CELLS = (("Name", "E-Mail", "Firma"), (2, ("Jörg Süß", "joerg@suess.example", "Müller & Söhne")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_a_file_is_read_whatever_its_encoding_and_separator(encoding: str, separator: str) -> None:
    found = tables.read(TEXT.replace(";", separator).encode(encoding))
    assert (found.header, *found.rows) == CELLS
    assert found.separator == separator


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    raw = b'sep=,\nname,email\n\n"two\nlines",a@x.example\n , \nb,b@x.example\n'
    found = tables.read(raw)
    assert found.header == ("name", "email")
    assert found.rows == ((4, ("two\nlines", "a@x.example")), (7, ("b", "b@x.example")))


def test_the_other_separators_may_stand_in_cells() -> None:
    found = tables.read(b"name;email;company\nA;a@x.example;X, Y, Z, and W\nB;b@x.example;V, U\n")
    assert found.rows[0][1] == ("A", "a@x.example", "X, Y, Z, and W")
    assert tables.read(b"email\na@x.example\n").rows == ((2, ("a@x.example",)),)


def archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("../../leads.csv", TEXT)
    return made.getvalue()


@pytest.mark.attack("A-071")
@pytest.mark.parametrize(
    "raw",
    [
        archive(),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 100,
        b"%PDF-1.7\n",
        b"\x1f\x8b\x08\x00",
        b"name,email\na\x00,b\n",
        b"",
        b"\n\n;;\n",
        b"name,email\n",
        b'name,email\n"never ends,a@x.example\n',
        b'name,email\n"a"b,a@x.example\n',
        b"\xff\xfe\x00",
        b"name,email\n\x81\x8d,x\n",
        b"a" * (tables.MOST_BYTES + 1),
        b"name,email\n" + b"a,b\n" * (tables.MOST_ROWS + 1),
        b"name," * 51 + b"\n" + b"x," * 51,
        b"name,email\n" + b"x" * 200_000 + b",a\n",
    ],
    ids=range(16),
)
def test_what_is_no_such_table_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        tables.read(raw)
    assert refused.value.field == "file"


def test_the_line_that_cannot_be_read_is_named() -> None:
    with pytest.raises(Invalid, match="Line 3 cannot be read"):
        tables.read(b'name,email\nA,a@x.example\n"B"x,b@x.example\n')


@pytest.mark.attack("A-100")
@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=4), min_size=1, max_size=5))
@STEADY
def test_no_cell_that_is_written_begins_like_a_formula(rows: list[list[str]]) -> None:
    text = "".join(tables.write(rows, ";"))
    cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=";") for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_what_is_written_is_read_as_it_was() -> None:
    rows = [("name", "phone"), ("=1+1", "+49 40 1234"), ('"A"; B', "'90s"), ("@home", "-1")]
    found = tables.read("".join(tables.write(rows, ";")).encode())
    assert [cells for _, cells in found.rows] == rows[1:]


def test_a_large_file_is_read_at_once() -> None:
    raw = b"name;email;phone;company\n" + b"Lena Lead;lena@customer.example;+49 40 1234;Dach\n" * tables.MOST_ROWS
    began = time.perf_counter()
    assert len(tables.read(raw).rows) == tables.MOST_ROWS
    assert time.perf_counter() - began < 2
