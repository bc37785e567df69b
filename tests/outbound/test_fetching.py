"""The fetcher against an https server with an authority of its own, and against names that lie."""

import gzip
import time
import zlib

import pytest

from tests.outbound.site import HOST, PUBLIC, Reply, Site
from treff.outbound import fetching
from treff.outbound.fetching import Refused, TooLarge, Unreachable, fetch

ADDRESS = f"https://{HOST}/basic.ics"


def test_what_is_there_is_fetched_without_cookies_and_credentials(site: Site) -> None:
    site.pages["/basic.ics"] = Reply(headers={"ETag": '"1"', "Set-Cookie": "a=b"}, body=b"BEGIN:VCALENDAR")
    fetched = fetch(ADDRESS, network=site.network())
    assert (fetched.body, fetched.etag) == (b"BEGIN:VCALENDAR", '"1"')
    fetch(ADDRESS, network=site.network())
    for _path, headers in site.asked:
        assert not {"cookie", "authorization", "referer", "if-none-match"} & headers.keys()
        assert headers["host"] == HOST


def test_what_has_not_changed_is_not_sent_again(site: Site) -> None:
    site.pages["/basic.ics"] = Reply(304)
    assert fetch(ADDRESS, '"1"', site.network()).body is None
    assert site.asked[0][1]["if-none-match"] == '"1"'


@pytest.mark.attack("A-064", "A-067")
@pytest.mark.parametrize(
    "addresses",
    [
        *(["127.0.0.1"], ["::1"], ["10.0.0.7"], ["169.254.169.254"], ["fd00::1"], ["0.0.0.0"], ["100.64.1.1"]),  # noqa: S104
        *(["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], [PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], []),
    ],
)
def test_a_name_with_any_address_of_an_inside_is_not_connected_to(site: Site, addresses: list[str]) -> None:
    site.names[HOST] = [addresses]
    site.pages["/basic.ics"] = Reply(body=b"secret")
    with pytest.raises(Unreachable):
        fetch(ADDRESS, network=site.network())
    assert site.connected == site.asked == []


@pytest.mark.attack("A-068")
def test_a_name_that_resolves_elsewhere_after_the_check_gets_nobody_inside(site: Site) -> None:
    site.names[HOST] = [[PUBLIC], ["127.0.0.1"]]
    site.pages["/basic.ics"] = Reply(body=b"fine")
    assert fetch(ADDRESS, network=site.network()).body == b"fine"
    assert (site.looked_up, site.connected) == ([HOST], [(PUBLIC, 443)])
    with pytest.raises(Unreachable):
        fetch(ADDRESS, network=site.network())
    assert site.connected == [(PUBLIC, 443)]


@pytest.mark.attack("A-065")
@pytest.mark.parametrize(
    "target",
    [
        *("http://calendar.example.com/x", "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x"),
        *("https://inside.example.com/x", "https://calendar.example.com:6379/x", "https://a:b@calendar.example.com/x"),
        *("file:///etc/passwd", "//169.254.169.254/latest", "gopher://127.0.0.1/", "https://calendar.example.com:22/"),
    ],
)
def test_a_redirect_leads_nowhere_that_could_not_be_asked_at_once(site: Site, target: str) -> None:
    site.names["inside.example.com"] = [["10.0.0.1"]]
    site.pages |= {"/basic.ics": Reply(302, {"Location": target}), "/x": Reply(body=b"inside")}
    with pytest.raises(Unreachable):
        fetch(ADDRESS, network=site.network())
    assert [path for path, _headers in site.asked] == ["/basic.ics"]


@pytest.mark.attack("A-065")
def test_three_redirects_are_followed_each_looked_up_anew_and_a_fourth_is_not(site: Site) -> None:
    site.pages |= {f"/{n}": Reply(307, {"Location": f"https://other.example.com/{n + 1}"}) for n in range(4)}
    site.pages["/4"] = Reply(body=b"here")
    assert fetch(f"https://{HOST}/1", network=site.network()).body == b"here"
    assert site.looked_up == [HOST, *["other.example.com"] * 3]
    with pytest.raises(Refused):
        fetch(f"https://{HOST}/0", network=site.network())


def test_a_certificate_of_somebody_else_is_no_calendar(site: Site) -> None:
    with pytest.raises(Unreachable):
        fetch("https://nobody.example.com/basic.ics", network=site.network())
    assert site.asked == []


@pytest.mark.attack("A-070")
@pytest.mark.parametrize("pack", [lambda raw: raw, gzip.compress, zlib.compress], ids=["plain", "gzip", "zlib"])
def test_more_than_five_megabytes_unpacked_are_not_read(site: Site, pack) -> None:  # type: ignore[no-untyped-def]
    encoding = {} if pack(b"") == b"" else {"Content-Encoding": "gzip"}
    site.pages["/basic.ics"] = Reply(headers=encoding, body=pack(b"A" * fetching.MOST_BYTES))
    fetched = fetch(ADDRESS, network=site.network())
    assert fetched.body is not None
    assert len(fetched.body) == fetching.MOST_BYTES
    site.pages["/basic.ics"] = Reply(headers=encoding, body=pack(b"A" * (fetching.MOST_BYTES + 1)))
    with pytest.raises(TooLarge):
        fetch(ADDRESS, network=site.network())


@pytest.mark.attack("A-070")
def test_a_bomb_is_not_unpacked(site: Site) -> None:
    site.pages["/basic.ics"] = Reply(
        headers={"Content-Encoding": "gzip"}, body=gzip.compress(b"\0" * (200 * 1024 * 1024), 1)
    )
    with pytest.raises(TooLarge):
        fetch(ADDRESS, network=site.network())


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "gzip"])
def test_what_is_packed_otherwise_than_asked_for_is_refused(site: Site, encoding: str) -> None:
    site.pages["/basic.ics"] = Reply(headers={"Content-Encoding": encoding}, body=b"plain text")
    with pytest.raises(Refused):
        fetch(ADDRESS, network=site.network())


@pytest.mark.parametrize("status", [201, 204, 401, 404, 500])
def test_another_status_is_refused_and_its_body_not_looked_at(site: Site, status: int) -> None:
    site.pages["/basic.ics"] = Reply(status)
    with pytest.raises(Refused):
        fetch(ADDRESS, network=site.network())


def test_who_trickles_does_not_hold_us_beyond_the_deadline(site: Site) -> None:
    site.pages["/basic.ics"] = Reply(body=b"A" * 200, pause=0.1)
    began = time.monotonic()
    with pytest.raises(Unreachable):
        fetch(ADDRESS, network=site.network(), total_seconds=1.0)
    assert time.monotonic() - began < 10


def test_the_next_address_of_a_name_is_tried_when_one_does_not_answer(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.names[HOST] = [["93.184.216.33", PUBLIC]]
    site.pages["/basic.ics"] = Reply(body=b"fine")
    network, seen = site.network(), site.connected

    def backend():  # type: ignore[no-untyped-def]
        wire = network.backend()
        connect = wire.connect_tcp

        def only_the_second(**kwargs):  # type: ignore[no-untyped-def]
            if kwargs["host"] != PUBLIC:
                seen.append((kwargs["host"], kwargs["port"]))
                raise fetching.httpcore2.ConnectError
            return connect(**kwargs)

        monkeypatch.setattr(wire, "connect_tcp", only_the_second)
        return wire

    assert fetch(ADDRESS, network=fetching.Network(network.resolve, backend, network.trust)).body == b"fine"
    assert seen == [("93.184.216.33", 443), (PUBLIC, 443)]
