import pytest


async def put(node, token, **body):
    return await node.http.put(f"/tokens/{token}", json=body)


async def authorize(node, tag):
    async with node.station("CP1") as station:
        return (await station.call("Authorize", {"idTag": tag}))[2]["idTagInfo"]


async def test_a_token_is_put_shown_and_deleted(node):
    body = {
        "type": "ISO14443",
        "status": "Blocked",
        "expires_at": "2027-01-01T01:00:00+01:00",
        "parent": "FAMILY",
        "group": "GROUP",
        "vehicle": "ABC123",
        "vehicle_class": "van",
    }
    created = await put(node, "Tag-1", **body)
    assert created.status_code == 201
    shown = await node.get("/tokens/TAG-1")
    assert shown == created.json()
    assert shown["token"] == "Tag-1"
    assert shown["expires_at"] == "2027-01-01T00:00:00.000Z"
    assert {name: shown[name] for name in body if name != "expires_at"} == {
        name: member for name, member in body.items() if name != "expires_at"
    }
    assert (await put(node, "tag-1")).status_code == 200
    replaced = await node.get("/tokens/tag-1")
    assert (replaced["status"], replaced["vehicle"]) == ("Accepted", None)
    assert replaced["created_at"] == shown["created_at"]
    assert (await node.http.delete("/tokens/tag-1")).status_code == 204
    assert (await node.http.get("/tokens/tag-1")).status_code == 404
    assert (await node.http.delete("/tokens/tag-1")).status_code == 404


async def test_a_token_counts_at_once_and_after_a_restart(node, restarted):
    await put(node, "TAG1", status="Blocked", parent="FAMILY")
    assert await authorize(node, "tag1") == {"status": "Blocked", "parentIdTag": "FAMILY"}
    async with restarted() as other:
        assert (await authorize(other, "TAG1"))["status"] == "Blocked"
    await node.http.delete("/tokens/TAG1")
    assert (await authorize(node, "TAG1"))["status"] == "Accepted"


@pytest.mark.parametrize(
    "token", ["a%2Fb", "a/b", "two%20words", "%C3%84%E2%82%AC", "50%25", "a?b"]
)
async def test_any_text_is_a_token(node, token):
    token = token.replace("?", "%3F")
    assert (await put(node, token)).status_code == 201
    shown = await node.get(f"/tokens/{token}")
    listed = await node.get("/tokens")
    assert [each["token"] for each in listed["items"]] == [shown["token"]]
    assert (await node.http.delete(f"/tokens/{token}")).status_code == 204


async def test_tokens_are_listed_newest_first_in_pages(node):
    for token in ("A", "B", "C"):
        await put(node, token)
    first = await node.get("/tokens", limit=2)
    second = await node.get("/tokens", limit=2, cursor=first["next_cursor"])
    found = [each["token"] for each in [*first["items"], *second["items"]]]
    assert sorted(found) == ["A", "B", "C"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"status": "Maybe"}, "status"),
        ({"status": "accepted"}, "status"),
        ({"type": "Card"}, "type"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2027-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-01:00"}, "expires_at"),
        ({"parentIdTag": "X"}, "parentIdTag"),
        ({"group": ""}, "group"),
    ],
)
async def test_a_mistake_is_a_422_that_names_it(node, body, named):
    answer = await put(node, "TAG1", **body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [named]


@pytest.mark.parametrize("token", ["%20", "x" * 256])
async def test_a_blank_or_endless_token_is_a_422(node, token):
    assert (await put(node, token)).status_code == 422


async def test_a_broken_record_is_skipped_at_the_start(node, restarted):
    await put(node, "GOOD", status="Blocked")
    await node.store.pool.execute(
        "INSERT INTO records VALUES ('tokens', 'bad', '{\"text\": 7}'),"
        " ('profiles', 'bad', '{\"kind\": \"Odd\"}'),"
        " ('settings', 'profile-assignments', '{\"rules\": [{\"profile\": \"none\"}, 3]}')"
    )
    async with restarted() as other:
        assert (await authorize(other, "GOOD"))["status"] == "Blocked"
        assert (await other.http.get("/profiles/bad")).status_code == 404
        assert await other.get("/profile-assignments") == {"rules": []}
