import pytest
from structlog.testing import capture_logs

SIXTEEN = {
    "description": "Sixteen amperes",
    "charging_rate_unit": "A",
    "periods": [{"start_period": 0, "limit": 16}],
}


def fields(answer):
    return [each["field"] for each in answer.json()["errors"]]


async def test_the_shipped_catalogue_is_listed_by_name(node):
    listed = await node.get("/profiles")
    names = [each["name"] for each in listed["items"]]
    assert names == sorted(names)
    assert {"unlimited", "night-window", "dc-taper"} <= set(names)
    assert {each["source"] for each in listed["items"]} == {"file"}


async def test_a_profile_is_put_read_put_back_and_deleted(node, restarted):
    created = await node.http.put("/profiles/mine", json=SIXTEEN)
    assert created.status_code == 201, created.text
    shown = await node.get("/profiles/mine")
    assert shown == created.json()
    assert shown["source"] == "api"
    assert shown["periods"][0]["limit"] == 16
    again = await node.http.put("/profiles/mine", json=shown)
    assert (again.status_code, again.json()) == (200, shown)
    async with restarted() as other:
        assert await other.get("/profiles/mine") == shown
    assert (await node.http.delete("/profiles/mine")).status_code == 204
    assert (await node.http.get("/profiles/mine")).status_code == 404
    assert (await node.http.delete("/profiles/mine")).status_code == 404


async def test_a_profile_from_a_file_is_overlaid_and_comes_back_but_is_never_gone(node, restarted):
    shipped = await node.get("/profiles/fixed-current-6a")
    refused = await node.http.delete("/profiles/fixed-current-6a")
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:laddvakt:profile-from-file"
    overlaid = await node.http.put("/profiles/fixed-current-6a", json=SIXTEEN)
    assert (overlaid.status_code, overlaid.json()["source"]) == (200, "api")
    async with restarted() as other:
        assert (await other.get("/profiles/fixed-current-6a"))["source"] == "api"
    assert (await node.http.delete("/profiles/fixed-current-6a")).status_code == 204
    assert await node.get("/profiles/fixed-current-6a") == shipped
    async with restarted() as other:
        assert await other.get("/profiles/fixed-current-6a") == shipped


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"charging_rate_unit": "kW"}, "charging_rate_unit"),
        ({"deviations": {"random_delay": 600}}, "deviations.random_delay"),
        ({"deviations": {"random_delay_s": -1}}, "deviations.random_delay_s"),
        ({"periods": [{"start_period": 0, "limit": "16"}]}, "periods[0].limit"),
        ({"periods": [{"start_period": 0, "limit": 16.05}]}, "periods[0].limit"),
        ({"periods": [{"start_period": 5, "limit": 16}]}, "periods[0].start_period"),
        ({"kind": "Recurring"}, "recurrency_kind"),
        ({"limits": 3}, "limits"),
        ({"name": "other"}, "name"),
    ],
)
async def test_a_mistake_is_a_422_that_names_the_field(node, change, named):
    answer = await node.http.put("/profiles/mine", json={**SIXTEEN, **change})
    assert answer.status_code == 422
    assert named in fields(answer)
    assert (await node.http.get("/profiles/mine")).status_code == 404


async def test_a_name_is_one_that_a_file_could_have(node):
    assert fields(await node.http.put("/profiles/Not%20Mine", json=SIXTEEN)) == ["name"]


async def test_assignments_are_put_and_decide(node, restarted):
    assert await node.get("/profile-assignments") == {"rules": []}
    rules = {
        "rules": [
            {"profile": "fixed-current-16a", "token": "TAG*", "priority": 2},
            {"profile": "unlimited", "priority": 0},
        ]
    }
    assert (await node.http.put("/profile-assignments", json=rules)).json() == rules
    async with node.station("CP1") as station:
        station.answers["SetChargingProfile"] = (3, {"status": "Accepted"})
        await station.start_v16(tag="TAG1")
        session = (await node.get("/sessions"))["items"][0]
        assert session["profile"] == "fixed-current-16a"
        await node.noted("profile.accepted")
    async with restarted() as other:
        assert await other.get("/profile-assignments") == rules


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"rules": [{"profile": "unlimited"}, {"profile": "nope"}]}, "rules[1].profile"),
        ({"rules": [{"profile": "unlimited", "tokn": "x"}]}, "rules[0].tokn"),
        ({"rules": [{}]}, "rules[0].profile"),
        ({"rule": []}, "rule"),
        ({}, "rules"),
        ([], ""),
    ],
)
async def test_a_wrong_rule_is_a_422_that_names_it(node, body, named):
    answer = await node.http.put("/profile-assignments", json=body)
    assert answer.status_code == 422
    assert named in fields(answer)
    assert await node.get("/profile-assignments") == {"rules": []}


async def test_a_rule_for_nobody_is_told_at_once(node):
    assert (await node.http.put("/stations/CP1", json={})).is_success
    rules = {"rules": [{"profile": "unlimited", "site": "atlantis"}]}
    with capture_logs() as told:
        assert (await node.http.put("/profile-assignments", json=rules)).status_code == 200
    (doubt,) = [each["what"] for each in told if each["event"] == "policy.doubtful"]
    assert "site=atlantis -> unlimited" in doubt


async def test_a_profile_in_use_is_not_deleted(node):
    await node.http.put("/profiles/mine", json=SIXTEEN)
    rules = {"rules": [{"profile": "mine", "station": "CP*"}]}
    await node.http.put("/profile-assignments", json=rules)
    answer = await node.http.delete("/profiles/mine")
    assert answer.status_code == 409
    assert "station=CP* -> mine" in answer.json()["detail"]
    await node.http.put("/profile-assignments", json={"rules": []})
    assert (await node.http.delete("/profiles/mine")).status_code == 204
