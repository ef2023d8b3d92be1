"""Tokens in and out as CSV."""

import csv
import io

import pytest

HEAD = "token,type,status,valid_from,expires_at,group,sites,evses,max_transactions,message\r\n"


async def load(node, table, **query):
    answer = await node.http.post("/tokens/import", content=table.encode(), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_good_rows_go_in_and_bad_rows_are_told(node):
    table = HEAD + (
        "A,ISO14443,Blocked,,2030-01-01T00:00:00Z,G,depot;yard,1;CP1/2,3,Hej\r\n"
        "B,,,,,,,,,\r\n"
        ",,,,,,,,,\r\n"
        '"C\r\nC",Sometype,,,,,,,x,\r\n'
        "D,,Accepted,,2030-01-01T00:00:00,,,,,\r\n"
        "E,,\r\n"
        "F,,,,,,,0,,\r\n"
    )
    tried = await load(node, table, dry_run="true")
    assert (tried["created"], (await node.get("/tokens"))["items"]) == (2, [])
    done = await load(node, table)
    assert done == {**tried, "dry_run": False}
    told = [(each["line"], each["token"], each["field"]) for each in done["errors"]]
    assert told == [
        (5, "C\r\nC", "type"),
        (5, "C\r\nC", "max_transactions"),
        (7, "D", "expires_at"),
        (8, "E", ""),
        (9, "F", "evses[0]"),
    ]
    shown = await node.get("/tokens/a")
    assert (shown["type"], shown["status"], shown["group"]) == ("ISO14443", "Blocked", "G")
    assert (shown["sites"], shown["evses"]) == (["depot", "yard"], ["1", "CP1/2"])
    assert (shown["max_transactions"], shown["message"]) == (3, "Hej")
    again = await load(node, HEAD + "A,,,,,,,,,\r\nB,,,,,,,,,\r\n")
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 1, 1)
    assert (await node.get("/tokens/a"))["status"] == "Accepted"
    async with node.station("CP1") as station:
        told = (await station.call("Authorize", {"idTag": "a"}))[2]
    assert told == {"idTagInfo": {"status": "Accepted"}}


async def test_what_goes_out_comes_back_the_same(node):
    bodies = {
        "Plain": {},
        "=1+1": {"vehicle": "=HYPERLINK()", "group": "'quoted", "message": 'say "hi", then\nstop'},
        "-minus": {
            "sites": ["a", "b"],
            "evses": [1, "CP1/2"],
            "additional_info": [{"additional_id_token": "X", "type": "T"}],
            "contract_certificates": [
                {
                    "hash_algorithm": "SHA256",
                    "issuer_name_hash": "aa",
                    "issuer_key_hash": "bb",
                    "serial_number": "1",
                }
            ],
            "valid_from": "2026-01-01T00:00:00Z",
        },
        "'@x": {"vehicle": "'"},
    }
    for name, body in bodies.items():
        answer = await node.http.put(f"/tokens/{name}", json=body)
        assert answer.status_code == 201, answer.text
    before = (await node.get("/tokens"))["items"]
    answer = await node.http.get("/tokens/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    for row in csv.reader(io.StringIO(answer.text)):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    same = await load(node, answer.text)
    assert (same["unchanged"], same["refused"]) == (4, 0)
    for name in bodies:
        await node.http.delete(f"/tokens/{name}")
    back = await load(node, answer.text)
    assert (back["created"], back["refused"]) == (4, 0)
    strip = {"created_at": None, "updated_at": None}
    after = {each["token"]: each | strip for each in (await node.get("/tokens"))["items"]}
    assert after == {each["token"]: each | strip for each in before}


async def test_many_tokens_go_in_at_once(node):
    rows = "".join(f"T{number:05}\r\n" for number in range(3500))
    done = await load(node, "token\r\n" + rows)
    assert (done["created"], done["refused"]) == (3500, 0)
    assert (await node.http.get("/tokens/export")).text.count("\r\n") == 3501
    assert len(node.hub.engine.policy.tokens) == 3500


async def test_a_table_that_is_too_long_or_full_of_mistakes_stays_bounded(node):
    long = await node.http.post("/tokens/import", content=b"token\n" + b"a\n" * 250_001)
    assert "250000 rows" in long.json()["detail"]
    many = await load(node, "token,status\n" + "a,Odd\n" * 3000)
    assert (many["refused"], len(many["errors"]), many["created"]) == (3000, 1000, 0)


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"  \n",
        b"name,type\r\nA,\r\n",
        b"token,token\r\nA,B\r\n",
        b"token\r\n\xff\r\n",
        b"token\r\nA\0\r\n",
        b'"token\r\nA',
    ],
)
async def test_what_is_no_table_of_tokens_is_refused(node, table):
    answer = await node.http.post("/tokens/import", content=table)
    assert answer.status_code == 422, answer.text
    assert (await node.get("/tokens"))["items"] == []


async def test_semicolons_and_a_byte_order_mark_are_read(node):
    done = await load(node, "\ufefftoken;status\nA;Blocked\nB;\n")
    assert done["created"] == 2
    assert (await node.get("/tokens/A"))["status"] == "Blocked"


async def test_tokens_are_found_by_text_status_and_group(node):
    for name, body in {
        "Alpha": {"group": "Fleet", "vehicle": "VAN-1"},
        "Beta": {"parent": "FLEET", "status": "Blocked"},
        "Gamma": {},
    }.items():
        await node.http.put(f"/tokens/{name}", json=body)

    async def names(**query):
        return [each["token"] for each in (await node.get("/tokens", **query))["items"]]

    assert await names(group="fleet") == ["Beta", "Alpha"]
    assert await names(status="Blocked") == ["Beta"]
    assert await names(q="AMM") == ["Gamma"]
    assert await names(q="van") == ["Alpha"]
    assert await names(q="%") == []
    assert (await node.http.get("/tokens", params={"status": "Odd"})).status_code == 422
