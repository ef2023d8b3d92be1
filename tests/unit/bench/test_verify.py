import importlib

import httpx
import pytest

KEY = ("B-1", "77")


@pytest.fixture
def verify(bench_modules):
    return importlib.import_module("_verify")


def booked(energy_wh=306, samples=10):
    workload = importlib.import_module("_workload")
    return {KEY: workload.Booking(energy_wh, samples)}


def an_api(*sessions, samples=10):
    """An API of these sessions, one a page, each with this many periodic samples and an end."""

    def answer(request):
        if request.url.path.endswith("/samples"):
            items = [{"power_w": 11000.0}] * samples + [{"power_w": None}]
            return httpx.Response(200, json={"items": items, "next_cursor": None})
        at = int(request.url.params.get("cursor", 0))
        cursor = str(at + 1) if at + 1 < len(sessions) else None
        return httpx.Response(200, json={"items": sessions[at : at + 1], "next_cursor": cursor})

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://test/api/v1")


def a_session(**fields):
    return {
        "id": "LS-1",
        "station_id": "B-1",
        "transaction_id": "77",
        "ended_at": "2026-11-21T08:00:00Z",
        "energy_wh": 306.0,
    } | fields


def test_what_is_stored_as_answered_has_no_problems(verify):
    api = an_api(a_session(id="LS-0", transaction_id="1"), a_session())
    assert verify.check(api, booked()) == verify.Verdict(1, 10, ())


@pytest.mark.parametrize(
    ("session", "samples", "problem"),
    [
        (a_session(station_id="B-2"), 10, "missing, such as B-1 77"),
        (a_session(ended_at=None), 10, "not ended, such as LS-1"),
        (a_session(energy_wh=305.9), 10, "another energy, such as LS-1: 305.9 Wh, not 306"),
        (a_session(), 9, "other samples, such as LS-1: 9 of 10"),
    ],
)
def test_what_was_dropped_or_changed_is_a_problem(verify, session, samples, problem):
    (found,) = verify.check(an_api(session, samples=samples), booked()).problems
    assert found.endswith(problem)
