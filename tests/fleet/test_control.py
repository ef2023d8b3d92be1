"""A fleet by hand: the control port over HTTP, and the shell on it."""

from __future__ import annotations

import asyncio
import json
import readline
import socket

import httpx
import pytest
from plain_csms import PlainCsms

from simulator.cli.console import Console
from simulator.errors import SimulatorError
from simulator.running.control import serving
from simulator.running.fleet import Runner, RunOptions
from simulator.running.orders import ORDERS
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import parse

EMPTY = """
name = "three places"
[[stations]]
id = "BAY-{n}"
count = 3
version = "1.6"
"""


class Port:
    """A fleet of three stations in virtual time, with a control port."""

    async def __aenter__(self):
        self.csms = await PlainCsms().__aenter__()
        members = build(parse(EMPTY, "test"), FleetOptions(speed=None))
        self.listeners = []
        self.runner = Runner(
            members,
            RunOptions(url=self.csms.url, speed=None),
            lambda happened: [each(happened) for each in self.listeners],
        )
        self.url = f"http://127.0.0.1:{await self._serve()}"
        await self.runner.start()
        await self.runner.advance(5)
        self.http = httpx.AsyncClient(base_url=self.url, trust_env=False)
        return self

    async def _serve(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self._serving = serving(str(port), self.runner)
        self.listeners.append(await self._serving.__aenter__())
        return port

    async def __aexit__(self, *_):
        await self.http.aclose()
        await self._serving.__aexit__(None, None, None)
        await self.runner.stop()
        await self.csms.__aexit__()

    async def post(self, path, **body):
        answer = await self.http.post(path, json=body)
        return answer.status_code, answer.json()


@pytest.fixture
async def port():
    async with Port() as made:
        yield made


async def test_session_by_hand_reaches_the_central_system(port):
    status, told = await port.post("/stations/BAY-1/plug-in", charge_level=25)
    assert (status, told["state"], told["evses"][0]["charge_level"]) == (200, "occupied", 25)
    await port.post("/stations/BAY-1/present", token="MY-TAG")
    await port.runner.advance(600)
    evse = (await port.http.get("/stations/BAY-1")).json()["evses"][0]
    assert (evse["status"], evse["token"]) == ("Charging", "MY-TAG")
    assert evse["power_w"] > 10_000
    status, _ = await port.post("/stations/BAY-1/unplug")
    await port.runner.advance(10)
    assert port.csms.actions("BAY-1")[-1] != "BootNotification"
    assert "StopTransaction" in port.csms.actions("BAY-1")
    figures = (await port.http.get("/figures")).json()
    assert (figures["stations"], figures["connected"], figures["sessions"]) == (3, 3, 1)


async def test_fleet_orders_tell_where_they_could_not_be_carried_out(port):
    await port.post("/stations/BAY-2/plug-in")
    status, told = await port.post("/fleet/plug-in?match=BAY-*")
    assert (status, told["done"], set(told["refused"])) == (200, 2, {"BAY-2"})
    assert "is plugged in at EVSE 1 of BAY-2 already" in told["refused"]["BAY-2"]
    status, told = await port.post("/fleet/power-cut?match=BAY-1", length_s=60)
    brief = {each["station"]: each["state"] for each in (await port.http.get("/stations")).json()}
    assert brief == {"BAY-1": "offline", "BAY-2": "occupied", "BAY-3": "occupied"}


IMPOSSIBLE = [
    ("/stations/BAY-7/plug-in", {}, 404, "there is no station 'BAY-7'; did you mean"),
    ("/stations/BAY-1/unplug", {}, 409, "no car is plugged in at EVSE 1 of BAY-1"),
    ("/stations/BAY-1/plug-in", {"evse": 4}, 409, "BAY-1 has no EVSE 4; it has 1"),
    ("/stations/BAY-1/plug-in", {"evze": 4}, 422, "evze: "),
    ("/stations/BAY-1/plug-in", {"charge_level": "full"}, 422, "charge_level: "),
    ("/stations/BAY-1/fault-on", {}, 422, "name: must be given"),
    ("/stations/BAY-1/fault-on", {"name": "nap"}, 409, "there is no fault 'nap'"),
    ("/stations/BAY-1/dance", {}, 404, "see /docs"),
    ("/fleet/stop?match=X*", {}, 404, "no station matches 'X*'"),
]


async def test_what_cannot_be_done_is_a_problem_document(port):
    for path, body, status, sentence in IMPOSSIBLE:
        answer = await port.http.post(path, json=body)
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert sentence in answer.json()["detail"]


async def test_order_is_json_whatever_its_type_says(port):
    form = {"content-type": "application/x-www-form-urlencoded"}
    for path, body, status, sentence in [
        ("/stations/BAY-1/plug-in", b'{"vehicle": "tank"}', 409, "no vehicle 'tank'"),
        ("/stations/BAY-1/fault-on", b"", 422, "name: must be given"),
        ("/stations/BAY-1/plug-in", b"[1]", 422, "write the members as a JSON object"),
        ("/stations/BAY-1/plug-in", b"{", 422, "this is no JSON"),
        ("/stations/BAY-1/plug-in", b"x" * 100_000, 413, "65536 bytes at most"),
        ("/stations/BAY-1/power-cut", b'{"length_s": 30}', 200, None),
        ("/stations/BAY-1/present", b"", 409, "BAY-1 has no power"),
    ]:
        answer = await port.http.post(path, content=body, headers=form)
        assert answer.status_code == status, path
        assert sentence is None or sentence in answer.json()["detail"]
    assert (await port.http.get("/figures")).json()["errors"] == {"connection.lost": 1}


async def test_page_of_elsewhere_gives_no_orders(port):
    headers = {"Origin": "http://elsewhere.example"}
    answer = await port.http.post("/stations/BAY-1/plug-in", headers=headers)
    assert answer.status_code == 403
    own = {"Origin": port.url}
    assert (await port.http.post("/stations/BAY-1/plug-in", headers=own)).status_code == 200


async def test_every_order_is_described(port):
    paths = (await port.http.get("/openapi.json")).json()["paths"]
    for name in ORDERS:
        for path in (f"/stations/{{station_id}}/{name}", f"/fleet/{name}"):
            assert paths[path]["post"]["summary"]


async def test_events_are_followed_as_a_stream(port):
    async with port.http.stream("GET", "/events?match=BAY-1") as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == ": connected"
        await port.post("/stations/BAY-3/plug-in")
        await port.post("/stations/BAY-1/plug-in", vehicle="van-22kw")
        async with asyncio.timeout(5):
            data = [await anext(lines) for _ in range(3)][-1]
    event = json.loads(data.removeprefix("data: "))
    assert (event["station"], event["event"], event["vehicle"]) == (
        "BAY-1",
        "car.arrived",
        "van-22kw",
    )


async def test_port_that_is_taken_is_a_sentence(port):
    taken = port.url.rpartition(":")[2]
    with pytest.raises(SimulatorError, match=f"--control {taken}: Address already in use"):
        async with serving(taken, port.runner):
            pass
    with pytest.raises(SimulatorError, match="--control here: write PORT or HOST:PORT"):
        async with serving("here", port.runner):
            pass


async def test_script_is_carried_out_up_to_the_first_mistake(port, capsys):
    script = [
        "list\n",
        "plug-in BAY-1 compact-11kw 30  # and a remark\n",
        "present BAY-1 MY-TAG\n",
        "fault-on BAY-1 silent-meter length-s=60\n",
        "show BAY-1\n",
        "drop-link BAY-* 30\n",
        "unplug BAY-2\n",
        "unplug BAY-1\n",
    ]
    with Console(port.url) as console:
        went_well = await asyncio.to_thread(console.obey, script)
    told = capsys.readouterr()
    assert not went_well
    assert told.err == "simulator: line 7: no car is plugged in at EVSE 1 of BAY-2\n"
    assert "BAY-3            1.6    available\n3 stations\n" in told.out
    assert "EVSE 1 Charging" in told.out
    assert "vehicle=compact-11kw charge_level=30 token=MY-TAG" in told.out
    assert "faults=silent-meter" in told.out
    assert told.out.endswith("done at 3 stations\n")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("plugin BAY-1", "there is no command 'plugin'; did you mean plug-in"),
        ("plug-in", "plug-in needs a station"),
        ("plug-in BAY-1 a b c d", "'d' is one word too many; plug-in STATION"),
        ("plug-in BAY-1 evse=x", "plug-in: evse: "),
        ("plug-in BAY-1 level=3", "or charge_level or"),
        ("fault-on BAY-1", "fault-on: name: Field required; fault-on STATION NAME"),
        ("help dance", "there is no command 'dance'"),
        ('present BAY-1 "half', "No closing quotation"),
        ("show BAY-1", "nobody answers at http://127.0.0.1:9 "),
    ],
)
def test_mistyped_command_is_a_sentence(line, sentence, capsys):
    with Console("127.0.0.1:9") as console:
        assert not console.carry_out(line)
    assert sentence in capsys.readouterr().err


def test_help_tells_of_every_command(capsys):
    with Console("127.0.0.1:9") as console:
        assert console.carry_out("help")
    told = capsys.readouterr().out
    assert all(f"\n{name} STATION" in told for name in ORDERS)


def test_words_are_completed(monkeypatch):
    console = Console("127.0.0.1:9")
    for begun, text, expected in [
        ("", "plu", "plug-in "),
        ("fault-on BAY-1 ", "ignore-l", "ignore-limits "),
        ("plug-in BAY-1 ", "vehicle=van", "vehicle=van-22kw "),
    ]:
        line, at = begun + text, len(begun)
        monkeypatch.setattr(readline, "get_line_buffer", lambda line=line: line)
        monkeypatch.setattr(readline, "get_begidx", lambda at=at: at)
        assert console.complete(text, 0) == expected
