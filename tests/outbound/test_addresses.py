import pytest

from treff.kernel.errors import Invalid
from treff.outbound.addresses import are_public, check_address, host_of, is_public

INSIDE = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),  # noqa: S104
    *("169.254.169.254", "100.64.0.1", "100.127.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "192.88.99.1", "192.0.0.1"),
    *(
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00::1",
    ),
    *("ff02::1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1"),
    *("3fff::1", "5f00::1", "100::1", "2606:4700::1%eth0"),
    *("", "localhost", "2130706433", "0x7f000001", "127.1", "1.2.3.4.5", "08.8.8.8"),
]


@pytest.mark.attack("A-064")
@pytest.mark.parametrize("address", INSIDE)
def test_no_address_of_an_inside_is_public(address: str) -> None:
    assert not is_public(address)
    assert not are_public(["93.184.216.34", address])


def test_addresses_of_the_internet_are_public() -> None:
    assert are_public(["93.184.216.34", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "9.9.9.9"])
    assert are_public(["2606:4700::1111", "2a00:1450:4001:81b::200e", "2001:4860:4860::8888"])
    assert not are_public([])


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("https://calendar.example.com/a/basic.ics?key=1#top", "https://calendar.example.com/a/basic.ics?key=1"),
        (" webcal://Calendar.Example.com/x ", "https://calendar.example.com/x"),
        ("WEBCALS://calendar.example.com", "https://calendar.example.com/"),
        ("https://calendar.example.com:443/x", "https://calendar.example.com/x"),
        ("https://calendar.example.com.:8443/x", "https://calendar.example.com:8443/x"),
        ("https://kalender.müller.example/x", "https://kalender.xn--mller-kva.example/x"),
        ("https://93.184.216.34/x", "https://93.184.216.34/x"),
        ("https://[2606:4700::1111]/x", "https://[2606:4700::1111]/x"),
    ],
)
@pytest.mark.attack("A-067")
def test_an_address_becomes_the_one_that_is_asked(typed: str, asked: str) -> None:
    assert check_address("address", typed) == asked
    assert check_address("address", asked) == asked


@pytest.mark.attack("A-064", "A-067")
@pytest.mark.parametrize(
    "typed",
    [
        *("", "calendar.example.com/x", "//calendar.example.com/x", "http://calendar.example.com/x", "https://"),
        *("javascript:alert(1)", "data:text/calendar,x", "file:///etc/passwd", "ftp://calendar.example.com/x"),
        *("https://anna:secret@calendar.example.com/x", "https://anna@calendar.example.com/x", "https://@example.com/"),
        *("https://calendar.example.com:25/", "https://calendar.example.com:6379/", "https://calendar.example.com:80/"),
        *("https://calendar.example.com:0/", "https://calendar.example.com:99999/", "https://calendar.example.com:x/"),
        *("https://localhost/", "https://localhost./", "https://intranet/", "https://127.0.0.1/", "https://[::1]/"),
        *("https://169.254.169.254/latest/", "https://[::ffff:127.0.0.1]/", "https://[fd00::1]/", "https://0.0.0.0/"),
        *("https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://0x7f.0.0.1/"),
        *("https://127.0.0.1.:443/", "https://①②⑦.0.0.1/", "https://１２７.0.0.1/", "https://a..example.com/"),
        *("https://calendar.example.com\\@127.0.0.1/", "https://calendar.example.com/a b", "https://ex\nample.com/"),
        *(
            "https://example.com\x00.evil/",
            "https://[::1/",
            "https://exa_mple.com@127.0.0.1/",
            "https://a" + "a" * 2000,
        ),
    ],
)
def test_what_must_not_be_asked_is_refused_beside_its_field(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_address("address", typed)
    assert refused.value.field == "address"


def test_only_the_host_of_an_address_is_shown() -> None:
    assert host_of("https://calendar.example.com:8443/secret/basic.ics?key=1") == "calendar.example.com"
