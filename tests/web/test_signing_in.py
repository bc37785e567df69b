"""Signing in and out, guessing passwords, forgetting one: over the real pages, mail through the simulated mailbox."""

import re
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.forms import EmailAwarePasswordResetTokenGenerator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from tests import house
from tests.house import PASSWORD
from tests.product import Product, eventually, fetch
from tests.visitor import Visitor
from treff.workspaces.models import Member, User

LOGIN, RESET = "/accounts/login/", "/accounts/password/reset/"
WRONG = "The email address and/or password you specified are not correct."
TOO_MANY = "Too many failed login attempts. Try again later."


class QuickHasher(PBKDF2PasswordHasher):
    """The same work, less of it: but for one test nothing here is about how long it takes."""

    iterations = 1000


@pytest.fixture
def quick(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.QuickHasher"]


@pytest.fixture
def petra(quick: None, db: None) -> Member:
    return house.member(house.workspace(), name="Petra", email="petra@nordlicht.example", password=PASSWORD)


def sign_in(browser: Client, email: str, password: str = PASSWORD, **options: Any) -> Any:
    return browser.post(LOGIN, {"login": email, "password": password, **options.pop("fields", {})}, **options)


def is_signed_in(browser: Client) -> bool:
    return browser.get("/w/nordlicht/").status_code == 200


@pytest.mark.parametrize("typed", ["petra@nordlicht.example", "Petra@Nordlicht.Example", " petra@nordlicht.example "])
def test_whoever_has_the_password_gets_in(petra: Member, typed: str) -> None:
    browser = Client()
    answer = sign_in(browser, typed)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_signed_in(browser)


@pytest.mark.parametrize(("email", "password"), [("petra@nordlicht.example", "wrong"), ("nobody@x.example", PASSWORD)])
def test_whoever_does_not_stays_out(petra: Member, email: str, password: str) -> None:
    browser = Client()
    answer = sign_in(browser, email, password)
    assert answer.status_code == 200
    assert WRONG in answer.content.decode()
    assert not is_signed_in(browser)


@pytest.mark.parametrize("password", ["", "\x00", "x" * 100_000])
def test_odd_passwords_let_nobody_in(petra: Member, password: str) -> None:
    browser = Client()
    assert sign_in(browser, petra.user.email, password).status_code == 200
    assert not is_signed_in(browser)


def test_somebody_without_a_password_or_without_a_place_here_gets_in_nowhere(petra: Member) -> None:
    invited = house.member(petra.workspace, email="invited@nordlicht.example")
    for password in ("!", "None", invited.user.password):
        assert WRONG in sign_in(Client(), invited.user.email, password).content.decode()
    petra.is_active = False
    petra.save()
    browser = Client()
    sign_in(browser, petra.user.email)
    assert browser.get("/w/nordlicht/").status_code == 404


@pytest.mark.attack("A-018")
def test_signing_in_and_out_change_the_session(petra: Member) -> None:
    browser = Client()
    session = browser.session
    session["planted"] = "by an attacker"
    session.save()
    planted = session.session_key
    browser.cookies[settings.SESSION_COOKIE_NAME] = planted
    sign_in(browser, petra.user.email)
    inside = browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert inside != planted
    attacker = Client()
    attacker.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert not is_signed_in(attacker)

    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = inside
    assert is_signed_in(thief)
    assert browser.get("/accounts/logout/").status_code == 200
    assert is_signed_in(browser), "opening the page must not sign out: any picture could"
    assert browser.post("/accounts/logout/")["Location"] == LOGIN
    assert not is_signed_in(browser)
    assert not is_signed_in(thief)


@pytest.mark.attack("A-007")
def test_signing_in_and_out_need_a_form_of_ours(petra: Member) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.get(LOGIN)
    assert sign_in(browser, petra.user.email).status_code == 403
    assert sign_in(browser, petra.user.email, fields={"csrfmiddlewaretoken": "x" * 64}).status_code == 403
    token = browser.cookies[settings.CSRF_COOKIE_NAME].value
    fields = {"csrfmiddlewaretoken": token}
    evil = {"Origin": "https://evil.example"}
    assert sign_in(browser, petra.user.email, fields=fields, headers=evil).status_code == 403
    assert not is_signed_in(browser)
    assert sign_in(browser, petra.user.email, fields=fields).status_code == 302
    assert browser.post("/accounts/logout/").status_code == 403
    assert is_signed_in(browser)


@pytest.mark.attack("A-023")
def test_after_five_wrong_passwords_an_account_waits_whoever_tries_and_even_with_the_right_one(petra: Member) -> None:
    for number in range(5):
        answer = sign_in(Client(REMOTE_ADDR=f"10.0.0.{number}"), petra.user.email, f"wrong-{number}")
        assert WRONG in answer.content.decode()
    right = sign_in(Client(REMOTE_ADDR="10.0.1.1"), petra.user.email)
    assert TOO_MANY in right.content.decode()
    other = house.member(petra.workspace, email="other@nordlicht.example", password=PASSWORD)
    assert sign_in(Client(REMOTE_ADDR="10.0.0.1"), other.user.email).status_code == 302


@pytest.mark.attack("A-023")
def test_twenty_wrong_passwords_from_one_address_end_its_tries_at_every_account(petra: Member) -> None:
    for number in range(20):
        sign_in(Client(REMOTE_ADDR="10.0.2.1"), f"guess{number}@nordlicht.example", "wrong")
    liar = {"X-Forwarded-For": "10.9.9.9"}
    for headers in ({}, liar):
        refused = sign_in(Client(REMOTE_ADDR="10.0.2.1"), petra.user.email, headers=headers)
        assert TOO_MANY in refused.content.decode()
    assert sign_in(Client(REMOTE_ADDR="10.0.2.2"), petra.user.email).status_code == 302


def test_an_office_behind_one_address_can_sign_in_at_nine(petra: Member) -> None:
    for _ in range(60):
        assert sign_in(Client(REMOTE_ADDR="10.0.6.1"), petra.user.email).status_code == 302


@pytest.mark.attack("A-023")
def test_another_port_in_the_host_header_is_no_new_budget(petra: Member) -> None:
    for number in range(5):
        browser = Client(REMOTE_ADDR=f"10.0.5.{number}", HTTP_HOST=f"testserver:{number + 1}")
        assert WRONG in sign_in(browser, petra.user.email, "wrong").content.decode()
    assert TOO_MANY in sign_in(Client(HTTP_HOST="testserver:99"), petra.user.email).content.decode()


@pytest.mark.attack("A-023")
def test_all_processes_count_together(product: Product) -> None:
    place = house.workspace("counting", password=PASSWORD)
    email = house.owner(place).user.email
    visitor = Visitor(product)
    for number in range(5):
        assert WRONG in visitor.submit(LOGIN, login=email, password=f"wrong-{number}").text.replace("&#x27;", "'")
    assert TOO_MANY in sign_in(Client(REMOTE_ADDR="10.0.3.1"), email).content.decode()


@pytest.mark.attack("A-024")
def test_an_unknown_account_is_answered_like_a_known_one_and_costs_as_much(db: None) -> None:
    petra = house.member(house.workspace(), password=PASSWORD)
    invited = house.member(petra.workspace, email="invited@nordlicht.example")
    tried = {"known": petra.user.email, "no password yet": invited.user.email, "unknown": "nobody@x.example"}
    pages: dict[str, set[str]] = {}
    costs: dict[str, list[float]] = {}
    for number in range(3):
        for who, email in tried.items():
            browser = Client(REMOTE_ADDR=f"10.0.4.{number}")
            began = time.thread_time()
            answer = sign_in(browser, email, "a wrong password")
            costs.setdefault(who, []).append(time.thread_time() - began)
            pages.setdefault(who, set()).add(_without_what_differs(answer, email))
    assert pages["known"] == pages["unknown"] == pages["no password yet"]
    known = statistics.median(costs["known"])
    for who in ("unknown", "no password yet"):
        assert 0.67 < statistics.median(costs[who]) / known < 1.5, costs


def _without_what_differs(answer: Any, email: str) -> str:
    text = answer.content.decode().replace(email, "…")
    return f"{answer.status_code} " + re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1…", text)


def test_nobody_can_sign_up(petra: Member) -> None:
    browser = Client()
    fields = {"email": "new@evil.example", "password1": PASSWORD, "password2": PASSWORD}
    for answer in (browser.get("/accounts/signup/"), browser.post("/accounts/signup/", fields)):
        assert answer.status_code == 404
    assert not User.objects.filter(email="new@evil.example").exists()


@pytest.mark.attack("A-010")
@pytest.mark.parametrize(
    "evil",
    [
        "//evil.example",
        "https://evil.example",
        "https:evil.example",
        "http:///evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://testserver@evil.example",
    ],
)
def test_after_signing_in_one_is_only_sent_to_pages_of_ours(petra: Member, evil: str) -> None:
    for fields, path in (({"next": evil}, LOGIN), ({}, f"{LOGIN}?next={evil}")):
        answer = Client().post(path, {"login": petra.user.email, "password": PASSWORD, **fields})
        assert (answer.status_code, answer["Location"]) == (302, "/")
    answer = Client().post("/language/", {"language": "de", "next": evil})
    assert answer.status_code in (204, 302)
    assert answer.get("Location", "/") == "/"


@pytest.mark.attack("A-010")
def test_a_line_break_in_the_next_address_sets_no_header(petra: Member) -> None:
    answer = sign_in(Client(), petra.user.email, fields={"next": "/\r\nSet-Cookie: evil=1"})
    assert answer["Location"] == "/%0D%0ASet-Cookie:%20evil=1"
    assert "evil" not in answer.cookies


def test_after_signing_in_one_gets_where_one_wanted(petra: Member) -> None:
    browser = Client()
    wanted = "/w/nordlicht/leads/?page=2"
    sent = browser.get(wanted)["Location"]
    page = browser.get(sent).content.decode()
    assert 'name="next" value="/w/nordlicht/leads/?page=2"' in page
    assert sign_in(browser, petra.user.email, fields={"next": wanted})["Location"] == wanted


def test_the_language_can_be_chosen_before_signing_in(db: None) -> None:
    browser = Client()
    assert "Anmelden" in browser.get(LOGIN, headers={"Accept-Language": "de"}).content.decode()
    assert "Sign in" in browser.get(LOGIN, headers={"Accept-Language": "fr"}).content.decode()
    assert browser.post("/language/", {"language": "de", "next": LOGIN})["Location"] == LOGIN
    assert "Anmelden" in browser.get(LOGIN, headers={"Accept-Language": "en"}).content.decode()


def ask_for_reset(product: Product, email: str) -> str:
    """What the page says then."""
    visitor = Visitor(product)
    answer = visitor.submit(RESET, email=email)
    assert (answer.status, answer.location) == (302, f"{RESET}done/")
    return visitor.get(answer.location).text


def mailed_link(product: Product, email: str, number: int = 1) -> str:
    mail = eventually(lambda: product.mails(email)[number - 1 :], "the mail")[0]
    (link,) = re.findall(r"https?://\S+/accounts/password/reset/key/\S+", mail["text"])
    return str(link)


@pytest.fixture
def make_owner(product: Product) -> Callable[[str], Member]:
    return lambda slug: house.owner(house.workspace(slug, password=PASSWORD))


@pytest.mark.attack("A-025")
def test_a_forgotten_password_is_set_anew_by_a_mailed_link_that_works_once(
    product: Product, make_owner: Callable[[str], Member]
) -> None:
    owner = make_owner("forgetful")
    email = owner.user.email
    elsewhere = Visitor(product).sign_in(owner)
    ask_for_reset(product, email)
    first = mailed_link(product, email)
    assert first.startswith(f"{product.url}/accounts/password/reset/key/")
    (mail,) = product.mails(email)
    assert mail["envelope_from"] == "termine@treff.example"
    ask_for_reset(product, email)
    second = mailed_link(product, email, 2)

    visitor, new = Visitor(product), "a brand new passphrase"
    form = visitor.get(first).location
    assert "set-password" in form
    assert visitor.submit(form, password1=new, password2=new).status == 302
    for link in (first, second):
        assert "no longer works" in Visitor(product).get(link).text
    assert elsewhere.get("/w/forgetful/").status == 302, "who was signed in with the old password is signed out"
    assert WRONG in Visitor(product).submit(LOGIN, login=email, password=PASSWORD).text
    Visitor(product).sign_in(owner, new)


@pytest.mark.attack("A-024")
@pytest.mark.attack("A-025")
def test_only_accounts_get_a_mail_and_the_page_says_the_same(
    product: Product, make_owner: Callable[[str], Member]
) -> None:
    owner = make_owner("mailing")
    unknown = "nobody@mailing.example"
    known_page = ask_for_reset(product, owner.user.email)
    unknown_page = ask_for_reset(product, unknown)
    hidden = r'(name="csrfmiddlewaretoken" value=")[^"]+'
    assert re.sub(hidden, "", known_page) == re.sub(hidden, "", unknown_page)
    mailed_link(product, owner.user.email)
    assert product.mails(unknown) == []
    assert fetch(f"{product.mailbox_url}/_control/mails?to={unknown}&wait=1") == []


@pytest.mark.attack("A-025")
def test_a_link_is_dead_after_half_an_hour(petra: Member) -> None:
    class Earlier(EmailAwarePasswordResetTokenGenerator):  # type: ignore[misc]  # allauth ships no types
        def __init__(self, age: timedelta) -> None:
            super().__init__()
            self._age = age

        def _now(self) -> datetime:
            now: datetime = super()._now()
            return now - self._age

    def page(age: timedelta) -> str:
        key = Earlier(age).make_token(petra.user)
        return Client().get(f"{RESET}key/{user_pk_to_url_str(petra.user)}-{key}/", follow=True).content.decode()

    assert "Choose a new password" in page(timedelta(minutes=29))
    assert "no longer works" in page(timedelta(minutes=31))


@pytest.mark.parametrize("password", ["short", "password1234", "petra@nordlicht.example", "1234567890123"])
def test_a_weak_password_is_not_set(petra: Member, password: str) -> None:
    browser = Client()
    browser.force_login(petra.user)
    fields = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert browser.post("/accounts/password/change/", fields).status_code == 200
    petra.user.refresh_from_db()
    assert petra.user.check_password(PASSWORD)


def test_changing_the_password_needs_the_old_one_and_signs_out_elsewhere(petra: Member) -> None:
    here, elsewhere = Client(), Client()
    for browser in (here, elsewhere):
        browser.force_login(petra.user)
    new = "a brand new passphrase"
    fields = {"oldpassword": "wrong", "password1": new, "password2": new}
    assert here.post("/accounts/password/change/", fields).status_code == 200
    assert is_signed_in(elsewhere)
    assert here.post("/accounts/password/change/", {**fields, "oldpassword": PASSWORD}).status_code == 302
    assert not is_signed_in(elsewhere)


@pytest.mark.parametrize("page", ["email", "password/set", "confirm-email", "confirm-email/x:y", "reauthenticate"])
def test_pages_of_the_library_that_we_do_not_offer_are_not_there(petra: Member, page: str) -> None:
    browser = Client()
    browser.force_login(petra.user)
    order = {"action_add": "", "email": "evil@evil.example", "password": PASSWORD}
    assert browser.get(f"/accounts/{page}/").status_code == 404
    assert browser.post(f"/accounts/{page}/", order).status_code == 404
    petra.user.refresh_from_db()
    assert petra.user.email == "petra@nordlicht.example"
