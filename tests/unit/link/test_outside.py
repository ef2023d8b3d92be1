"""Which hosts may be asked for a station."""

import pytest

from csms.link.outside import Client, NotAsked, Question, Reach, may_ask, post_guarded

PUBLIC, PRIVATE, LOCAL = "203.0.114.7", "10.1.2.3", "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "station", "is_asked"),
    [
        ("8.8.8.8", PUBLIC, True),
        ("2606:4700::1111", None, True),
        (PRIVATE, None, False),
        (PRIVATE, "8.8.4.4", False),
        (PRIVATE, "192.168.0.9", True),
        (PRIVATE, LOCAL, True),
        (LOCAL, PRIVATE, False),
        (LOCAL, LOCAL, True),
        ("::1", "::1", True),
        ("::1", PRIVATE, False),
        ("::ffff:127.0.0.1", PRIVATE, False),
        ("::ffff:8.8.8.8", None, True),
        ("169.254.169.254", LOCAL, False),
        ("fe80::1", "::1", False),
        ("fd00::7", "fd00::8", True),
        ("0.0.0.0", LOCAL, False),  # noqa: S104 - only judged
        ("224.0.0.1", LOCAL, False),
        ("240.0.0.1", LOCAL, False),
        (PRIVATE, "no address", False),
    ],
)
def test_an_address_that_is_not_public_is_asked_for_stations_near_it(address, station, is_asked):
    assert may_ask("host", address, Reach(from_address=station)) is is_asked


@pytest.mark.parametrize("listed", ["ocsp.depot", "OCSP.Depot", "10.1.2.3", "10.1.0.0/16"])
def test_a_host_that_is_listed_may_always_be_asked(listed):
    assert may_ask("ocsp.depot", PRIVATE, Reach(["other.host", listed]))
    assert not may_ask("ocsp.depot", PRIVATE, Reach(["other.host", "11.0.0.0/8", "x/y"]))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://h/x",
        "http:///x",
        "http://h:x/",
        "http://[::/",
        "//h/x",
        "http://h:99999/",
        "http://" + "h" * 2100,
    ],
)
async def test_what_is_no_http_address_is_not_asked(url):
    client = Client()
    with pytest.raises(NotAsked, match="no http"):
        await post_guarded(client, Question(url, b"", {}, 5), Reach())
    await client.close()
