"""Public pages in frames of other sites, and what a workspace's brand makes of them."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import house
from tests.web.public.conftest import LENA, NINE, PAGE, Booker, hidden_fields
from tests.workspaces.test_brand import gps, picture
from treff.appointments.models import Appointment
from treff.booking_types.models import BookingType
from treff.workspaces.actions import edit_brand
from treff.workspaces.models import Brand, Member, Workspace
from treff.workspaces.ports import BrandWish

pytestmark = pytest.mark.django_db
SHOP = "https://shop.example"
BRAND = "/w/nordlicht/admin/settings/brand/"


def brand(place: Workspace, **values: object) -> Brand:
    return edit_brand(house.scope(house.owner(place)), BrandWish(**values))  # type: ignore[arg-type]


def ancestors(policy: str) -> str:
    found = re.search(r"frame-ancestors ([^;]+)", policy)
    assert found
    return found[1]


@pytest.mark.attack("A-092")
def test_only_sites_of_the_list_may_frame_and_only_the_page_that_is_made_for_it(
    kind: BookingType, place: Workspace
) -> None:
    plain, framed = Client().get(PAGE), Client().get(f"{PAGE}?embed=1")
    assert ancestors(plain.headers["Content-Security-Policy"]) == "'none'"
    assert plain.headers["X-Frame-Options"] == "DENY"
    assert ancestors(framed.headers["Content-Security-Policy"]) == "'self'"
    brand(place, embed_origins=(SHOP, "https://www.shop.example"))
    framed = Client().get(f"{PAGE}?embed=1")
    assert ancestors(framed.headers["Content-Security-Policy"]) == f"'self' {SHOP} https://www.shop.example"
    assert "X-Frame-Options" not in framed.headers
    assert framed.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'"
    )
    assert f'data-parents="{SHOP} https://www.shop.example"' in framed.content.decode()
    assert "book-head" not in framed.content.decode()
    assert ancestors(Client().get(PAGE).headers["Content-Security-Policy"]) == "'none'"
    elsewhere = house.workspace("elsewhere")
    assert SHOP not in Client().get(f"/book/{elsewhere.slug}/?embed=1").headers["Content-Security-Policy"]


@pytest.mark.attack("A-092", "A-091")
def test_in_a_frame_everything_works_without_any_cookie(kind: BookingType, place: Workspace, anna: Member) -> None:
    """Also for a member who is signed in: the frame does not know them."""
    brand(place, embed_origins=(SHOP,))
    member = Booker()
    member.browser = house.client_of(anna)
    member.browser.cookies.clear()
    calendar = member.browser.get(f"{PAGE}?embed=1")
    assert 'name="embed" value="1"' in calendar.content.decode()
    url = f"{PAGE}details/?start={NINE}&embed=1"
    form = member.browser.get(url)
    done = member.send(url, {**hidden_fields(form.content.decode()), **LENA})
    confirmation = member.browser.get(done["Location"])
    assert done.status_code == 303
    assert not member.browser.cookies
    for answer in (calendar, form, confirmation):
        assert ancestors(answer.headers["Content-Security-Policy"]) == f"'self' {SHOP}"
        assert "csrfmiddlewaretoken" not in answer.content.decode()
    text = confirmation.content.decode()
    assert re.search(r'href="/book/manage/[^/]+/move/" target="_blank"', text)
    assert Appointment.objects.count() == 1


@pytest.mark.attack("A-092")
@pytest.mark.parametrize("page", ["move/", "cancel/"])
def test_moving_and_cancelling_is_linked_outside_of_the_frame(
    kind: BookingType, client_at_home: Booker, page: str
) -> None:
    location = client_at_home.book(embed="1")["Location"]
    text = client_at_home.browser.get(location).content.decode()
    (found,) = re.findall(rf'href="([^"]*/{page})" target="_blank"', text)
    assert "embed" not in found
    assert ancestors(client_at_home.browser.get(found).headers["Content-Security-Policy"]) == "'none'"


@pytest.mark.attack("A-091")
def test_pages_do_not_depend_on_who_is_signed_in(kind: BookingType, anna: Member) -> None:
    strip = re.compile(r'name="ticket" value="[^"]*"')
    for page in (PAGE, "/book/nordlicht/", f"{PAGE}details/?start={NINE}"):
        stranger, member = Client().get(page), house.client_of(anna).get(page)
        assert strip.sub("", stranger.content.decode()) == strip.sub("", member.content.decode())
        assert not member.cookies.get("csrf")
        assert {"no-store", "private"} <= set(re.split(r",\s*", stranger.headers["Cache-Control"]))


@pytest.mark.attack("A-091")
@pytest.mark.parametrize(
    "page", [f"{PAGE}x.css", "/book/nordlicht/x.css", "/book/nordlicht/brand.css/x", f"{PAGE}details/x.js"]
)
def test_nothing_is_served_under_a_name_that_a_cache_would_keep(kind: BookingType, page: str) -> None:
    answer = Client().get(page)
    assert answer.status_code == 404
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.attack("A-072")
def test_the_logo_is_served_so_that_it_can_do_nothing(kind: BookingType, place: Workspace) -> None:
    assert Client().get("/book/nordlicht/logo/").status_code == 404
    row = brand(place, logo=gps())
    answer = Client().get("/book/nordlicht/logo/")
    assert answer.content.startswith(b"\x89PNG")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert (
        f'src="/book/nordlicht/logo/?v={row.logo_digest[:16]}" alt="Nordlicht Solar"'
        in Client().get(PAGE).content.decode()
    )


def test_the_color_is_a_style_sheet_of_ours(kind: BookingType, place: Workspace) -> None:
    assert "brand.css" not in Client().get(PAGE).content.decode()
    brand(place, color="#FFcc00")
    assert "/book/nordlicht/brand.css?v=ffcc00" in Client().get(PAGE).content.decode()
    answer = Client().get("/book/nordlicht/brand.css")
    assert answer.content == b":root { --brand: #ffcc00; --on-brand: #000000; }\n"
    assert answer.headers["Content-Type"].startswith("text/css")


def test_an_administrator_gives_the_pages_their_look(kind: BookingType, place: Workspace) -> None:
    browser = house.client_of(house.admin(place))
    page = browser.get(BRAND).content.decode()
    assert "data-book=&quot;/book/nordlicht/first-call/&quot;" in page
    typed = {"color": "#aa0000", "embed_origins": f"{SHOP}\nhttps://www.shop.example"}
    with_logo = {**typed, "logo": _upload(picture())}
    assert browser.post(BRAND, with_logo).status_code == 302
    row = Brand.objects.get()
    assert (row.color, row.embed_origins) == ("#aa0000", [SHOP, "https://www.shop.example"])
    assert row.logo_digest
    assert "/book/nordlicht/logo/" in browser.get(BRAND).content.decode()
    assert browser.post(BRAND, {**typed, "remove_logo": "on"}).status_code == 302
    assert Brand.objects.get().logo_digest == ""


@pytest.mark.attack("A-072", "A-092")
@pytest.mark.parametrize(
    ("field", "typed"),
    [("color", "red"), ("embed_origins", "http://shop.example"), ("embed_origins", "*"), ("logo", b"<svg/>")],
)
def test_what_a_brand_cannot_be_is_said_beside_its_field(place: Workspace, field: str, typed: str | bytes) -> None:
    browser = house.client_of(house.admin(place))
    value = _upload(typed, "logo.png") if isinstance(typed, bytes) else typed
    answer = browser.post(BRAND, {"color": "", "embed_origins": "", field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Brand.objects.exists()


def _upload(raw: bytes, name: str = "logo.png") -> object:
    return SimpleUploadedFile(name, raw, "image/png")
