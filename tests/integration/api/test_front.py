"""What every request meets: the guard, the problem documents, health, live events."""

import asyncio
import json

import pytest

from csms.api.events import Broadcaster, Client, EventQuery

PROBLEM = "application/problem+json"
MEMBERS = {"type", "title", "status", "detail", "errors"}
TOKEN = {"Authorization": "Bearer let-me-in"}


def root(node, path):
    return f"http://127.0.0.1:{node.api_port}{path}"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic let-me-in"},
        {"Authorization": "Bearer let-me-in-too"},
        {"Authorization": "Bearer lét"},
    ],
)
@pytest.mark.parametrize("path", ["/sessions", "/nowhere", "/events"])
async def test_without_the_token_everything_is_401(guarded, headers, path):
    sent = {name: member.encode() for name, member in headers.items()}
    answer = await guarded.http.get(path, headers=sent)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json().keys() == MEMBERS


async def test_with_the_token_everything_is_as_without_one(guarded):
    assert (await guarded.http.get("/sessions", headers=TOKEN)).status_code == 200
    assert (await guarded.http.get("/nowhere", headers=TOKEN)).status_code == 404
    lower = {"Authorization": "bearer let-me-in"}
    assert (await guarded.http.get("/sessions", headers=lower)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/docs", "/api/v1/openapi.json"]
)
async def test_health_metrics_and_documents_need_no_token(guarded, path):
    assert (await guarded.http.get(root(guarded, path))).status_code == 200


async def test_unknown_paths_and_methods_are_problems(node):
    missing = await node.http.get("/nothing")
    wrong = await node.http.patch("/sessions")
    assert (missing.status_code, wrong.status_code) == (404, 405)
    for answer in (missing, wrong):
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json().keys() == MEMBERS
        assert answer.json()["status"] == answer.status_code
    assert "GET" in wrong.headers["allow"]


async def test_a_body_over_a_mebibyte_is_a_413_told_or_not(node):
    body = b"[" + b" " * (1 << 20) + b"]"

    async def in_parts():
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    for content in (body, in_parts()):
        answer = await node.http.put("/stations/CP1", content=content)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize("body", ["{", '{"a":NaN}', '{"site":"\\ud800"}', "\xff", "[" * 5000])
async def test_what_is_no_json_is_a_400(node, body):
    answer = await node.http.put("/stations/CP1", content=body.encode("latin-1"))
    assert answer.status_code == 400
    assert answer.headers["content-type"] == PROBLEM


async def test_json_nested_too_deep_for_us_is_refused(node):
    body = "[" * 900 + "]" * 900
    answer = await node.http.put("/stations/CP1", content=body)
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ('{"site":"a\\u0000b"}', "site", "NUL"),
        ('{"deviations":{"a\\u0000":1}}', "deviations", "NUL"),
        ('{"deviations":{"clear_samples":9223372036854775808}}', "deviations.clear_samples", "64"),
    ],
)
async def test_what_nobody_can_keep_is_named(node, body, field, says):
    answer = await node.http.put("/stations/CP1", content=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert says in answer.json()["errors"][0]["message"]


async def test_the_largest_number_and_an_escaped_backslash_can_be_kept(node):
    body = '{"deviations":{"clear_samples":9223372036854775807},"site":"a\\\\u0000"}'
    answer = await node.http.put("/stations/CP1", content=body)
    assert answer.status_code in {200, 201}
    assert answer.json()["site"] == "a\\u0000"


async def test_a_body_of_another_shape_is_told_in_words(node):
    for content, says in (("", "the body is missing"), ("[]", "the body must be an object")):
        answer = await node.http.put("/stations/CP1", content=content)
        assert (answer.status_code, answer.json()["detail"]) == (422, says)


@pytest.mark.parametrize("path", ["/sessions/%00", "/stations/a%00b", "/sessions?station=%00"])
async def test_a_nul_in_the_address_is_a_400(node, path):
    assert (await node.http.get(path)).status_code == 400


async def test_pages_of_other_sites_are_refused(node):
    foreign = await node.http.get("/stations", headers={"Origin": "http://evil.example"})
    own = await node.http.get("/stations", headers={"Origin": root(node, "")})
    assert (foreign.status_code, own.status_code) == (403, 200)


async def test_an_error_of_ours_is_a_500_that_tells_nothing(node, monkeypatch):
    async def fail(*args):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(node.app.state.services.archive._store, "look_up", fail)
    answer = await node.http.get("/stations")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == PROBLEM
    assert "secret" not in answer.text


async def test_a_database_that_is_away_is_a_503_but_the_process_lives(node):
    await node.store.pools.close()
    for answer in (
        await node.http.get("/sessions"),
        await node.http.get(root(node, "/readyz")),
        await node.http.put("/tokens/TAG1", json={}),
    ):
        assert answer.status_code == 503
        assert answer.headers["content-type"] == PROBLEM
        assert "database" in answer.json()["detail"]
    assert (await node.http.get(root(node, "/healthz"))).json() == {"status": "ok"}


async def test_ready_says_why_not_while_stopping(node):
    assert (await node.http.get(root(node, "/readyz"))).json() == {"status": "ready"}
    node.hub.is_stopping = True
    answer = await node.http.get(root(node, "/readyz"))
    assert (answer.status_code, answer.json()["detail"]) == (503, "the node is stopping")


async def test_metrics_are_in_the_form_of_prometheus(node):
    async with node.station("CP1"):
        answer = await node.http.get(root(node, "/metrics"))
    assert answer.headers["content-type"].startswith("text/plain")
    assert "csms_stations_connected 1.0" in answer.text


async def test_the_documents_name_every_resource(node):
    described = (await node.http.get("/openapi.json")).json()
    page = (await node.http.get(root(node, "/docs"))).text
    assert "/api/v1/stations/{station_id}/calls/{action}" in described["paths"]
    for path in described["paths"]:
        assert path in page
    assert "http://" not in page
    assert "https://" not in page


async def test_a_change_waits_only_so_long_for_the_database(node, monkeypatch):
    monkeypatch.setattr("csms.api.context._DURABLE_WITHIN_S", 0.01)
    kept = node.store.submit
    held = asyncio.Event()

    async def slow(unit):
        await held.wait()
        await kept(unit)

    monkeypatch.setattr(node.store, "submit", slow)
    answer = await node.http.put("/tokens/TAG1", json={"status": "Blocked"})
    assert answer.status_code == 503
    assert node.hub.engine.policy.tokens == {}
    held.set()
    await asyncio.wait(node.hub._tasks)
    assert node.hub.engine.policy.tokens["tag1"].status == "Blocked"


async def lines(stream, count):
    found = []
    async for line in stream:
        if line.startswith("data: "):
            found.append(json.loads(line[6:]))
            if len(found) == count:
                return found
    return found


@pytest.mark.parametrize("path", ["/api/v1/events", "/events"])
async def test_live_events_arrive_as_they_happen(node, path):
    url = root(node, path)
    async with node.http.stream("GET", url, params={"event": "session."}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = answer.aiter_lines()
        while await anext(stream) != ": connected":
            pass
        async with node.station("CP1") as station:
            transaction = await station.start_v16()
            await station.stop_v16(transaction, 2000)
        started, ended = await asyncio.wait_for(lines(stream, 2), 10)
    assert (started["event"], ended["event"]) == ("session.started", "session.ended")
    assert started["session"] == ended["session"]
    assert started["station"] == "CP1"
    assert started["at"].endswith("Z")
    assert ended["energy_wh"] == 1000


async def test_streams_end_when_the_node_stops(node):
    async with node.http.stream("GET", "/events") as answer:
        stream = answer.aiter_lines()
        while await anext(stream) != ": connected":
            pass
        node.app.state.events.close()
        assert [line async for line in stream if line] == []


async def test_a_client_that_leaves_is_forgotten(node):
    async with node.http.stream("GET", "/events") as answer:
        await anext(answer.aiter_lines())
        assert len(node.app.state.events._clients) == 1
    for _ in range(100):
        await node.http.get(root(node, "/healthz"))
        if not node.app.state.events._clients:
            break
    assert not node.app.state.events._clients


async def test_a_slow_client_loses_the_oldest_and_is_told(node):
    broadcaster = Broadcaster(node.hub.clock.now)
    with broadcaster.listening(Client(EventQuery())) as client:
        for number in range(1200):
            broadcaster.publish("session.started", {"number": number})
        stream = client.stream()
        await anext(stream)
        frames = (await anext(stream)).split(b"\n\n")[:-1]
    assert b'"count":200' in frames[0]
    assert len(frames) == 1001
    assert b'"number":1199' in frames[-1]


async def test_an_idle_stream_is_kept_alive(node, monkeypatch):
    monkeypatch.setattr("csms.api.events._HEARTBEAT_S", 0.01)
    stream = Client(EventQuery()).stream()
    await anext(stream)
    assert (await anext(stream)).startswith(b": ")


async def test_half_a_request_harms_nobody(node):
    _, writer = await asyncio.open_connection("127.0.0.1", node.api_port)
    writer.write(b"PUT /api/v1/stations/CP1 HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{}")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await node.http.get("/stations/CP1")).status_code == 404
