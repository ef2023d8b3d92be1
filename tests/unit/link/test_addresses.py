"""Which station a request is for."""

from __future__ import annotations

import pytest

from csms.link.addresses import station_id_of


@pytest.mark.parametrize(
    ("path", "station"),
    [
        ("/CP1", "CP1"),
        ("/ocpp/CP1", "CP1"),
        ("/any/prefix/at/all/CP1", "CP1"),
        ("/ocpp/CP1/", "CP1"),
        ("//ocpp//CP1//", "CP1"),
        ("CP1", "CP1"),
        ("/ocpp/CP%201", "CP 1"),
        ("/ocpp/CP%7C1", "CP|1"),
        ("/ocpp/CP+1", "CP+1"),
        ("/ocpp/CP-1_a.b", "CP-1_a.b"),
        ("/ocpp/%C3%84rla", "Ärla"),
        ("/ocpp/RDAM%7C123", "RDAM|123"),
        ("/ocpp/CP1?station=CP2", "CP1"),
        ("/ocpp/CP1?a=/CP2", "CP1"),
        ("/ocpp/" + "x" * 48, "x" * 48),
    ],
)
def test_the_last_segment_is_the_station(path, station):
    assert station_id_of(path) == station


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//",
        "/?station=CP1",
        "/ocpp/..",
        "/ocpp/%2e%2e",
        "/ocpp/a%2Fb",
        "/ocpp/%00",
        "/ocpp/a%0Ab",
        "/ocpp/%FF",
        "/ocpp/%ED%A0%80",
        "/ocpp/100%",
        "/ocpp/%zz",
        "/ocpp/" + "x" * 49,
        "/ocpp/%E2%80%AEevil",
    ],
)
def test_what_cannot_be_an_id_is_none(path):
    assert station_id_of(path) is None
