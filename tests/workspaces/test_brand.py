"""How a workspace's public pages look: what is uploaded is redrawn, what is typed is checked."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests import house
from treff.audit.models import AuditEntry
from treff.kernel.errors import Invalid
from treff.workspaces import logos
from treff.workspaces.actions import edit_brand
from treff.workspaces.errors import NotAllowed
from treff.workspaces.models import Brand, Workspace
from treff.workspaces.ports import BrandWish
from treff.workspaces.queries import brand_of
from treff.workspaces.rules import _luminance, check_color, check_origins, text_color_on


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 100), **more: Any) -> bytes:
    drawn = BytesIO()
    Image.new("RGB", size, "#336699").save(drawn, kind, **more)
    return drawn.getvalue()


def gps() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825)[1] = "N"
    return picture("JPEG", exif=exif)


@pytest.mark.attack("A-072")
@pytest.mark.parametrize("raw", [picture(), picture("JPEG"), picture("WEBP"), picture("GIF"), gps()])
def test_a_logo_is_kept_as_a_picture_that_we_drew(raw: bytes) -> None:
    drawn = logos.redraw(raw)
    with Image.open(BytesIO(drawn)) as found:
        assert found.format == "PNG"
        assert found.size == (300, 100)
        assert not found.getexif()
        assert found.info == {}
        red, green, blue, alpha = found.convert("RGBA").getpixel((50, 50))  # type: ignore[misc]
        assert (abs(red - 0x33) + abs(green - 0x66) + abs(blue - 0x99), alpha) < (12, 256)
    assert b"taken at home" not in drawn


@pytest.mark.attack("A-072")
def test_what_is_hidden_behind_a_picture_is_not_kept() -> None:
    polyglot = picture("GIF") + b"<script>alert(1)</script>"
    assert b"script" not in logos.redraw(polyglot)


def test_a_large_logo_becomes_small() -> None:
    with Image.open(BytesIO(logos.redraw(picture(size=(1900, 1900))))) as found:
        assert found.size == (240, 240)


def bomb() -> bytes:
    """A header that claims 50,000 by 50,000 pixels."""
    raw = bytearray(picture())
    raw[16:24] = (50_000).to_bytes(4, "big") * 2
    return bytes(raw)


@pytest.mark.attack("A-072")
@pytest.mark.parametrize(
    "raw",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"not a picture",
        b"\x89PNG\r\n\x1a\n",
        picture()[:60],
        picture("TIFF"),
        picture("BMP"),
        bomb(),
        picture(size=(2001, 2000)),
        picture() + b"x" * logos.MOST_BYTES,
    ],
)
def test_what_is_no_decent_picture_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        logos.redraw(raw)
    assert refused.value.field == "logo"


@pytest.mark.parametrize("color", ["#ffffff", "#000000", "#ffff00", "#0b6e66", "#777777", "#767676", "#ff0000"])
def test_what_stands_on_the_color_can_be_read(color: str) -> None:
    first, second = sorted((_luminance(color), _luminance(text_color_on(color))))
    assert (second + 0.05) / (first + 0.05) >= 4.5


@pytest.mark.parametrize("color", ["red", "#fff", "#12345g", "#0b6e66;}body{", "url(x)", "#0b6e66 "])
def test_a_color_is_six_digits(color: str) -> None:
    if color.strip() == "#0b6e66":
        assert check_color(color) == "#0b6e66"
        return
    with pytest.raises(Invalid):
        check_color(color)


def test_origins_are_written_as_browsers_do() -> None:
    typed = ["https://www.Example.com/", "https://www.example.com", "https://käse.example:8443"]
    assert check_origins(typed) == ["https://www.example.com", "https://xn--kse-qla.example:8443"]


@pytest.mark.attack("A-092")
@pytest.mark.parametrize(
    "origin",
    [
        *(
            "http://shop.example",
            "https://shop.example/page",
            "https://*.example",
            "*",
            "https:",
            "shop.example",
            "'self'",
        ),
        *("https://shop.example; script-src *", "https://a@shop.example", "https://localhost", "https://a.example,b"),
        *("https://shop.example\r\nX: y", "https://shop.example?x", "javascript://shop.example", "https://[::1]"),
    ],
)
def test_nothing_but_origins_gets_into_the_list(origin: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_origins([origin])
    assert refused.value.field == "embed_origins"


@pytest.fixture
def place(db: None) -> Workspace:
    return house.workspace()


def test_a_brand_is_saved_and_noted(place: Workspace) -> None:
    admin = house.scope(house.admin(place))
    assert brand_of(place).color == ""
    edit_brand(admin, BrandWish("#AA0000", ("https://shop.example",), picture()))
    row = edit_brand(admin, BrandWish("#00aa00", ("https://shop.example",)))
    assert (row.color, row.embed_origins, len(row.logo_digest)) == ("#00aa00", ["https://shop.example"], 64)
    assert edit_brand(admin, BrandWish(logo=b"")).logo_digest == ""
    assert Brand.objects.count() == 1
    assert AuditEntry.objects.filter(deed="workspace.branded").count() == 3


def test_a_rep_changes_no_brand(place: Workspace) -> None:
    with pytest.raises(NotAllowed):
        edit_brand(house.scope(house.member(place)), BrandWish("#aa0000"))
    assert not Brand.objects.exists()
