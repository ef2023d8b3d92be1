"""How commands ask the API, and how they say what it answered."""

import httpx
import pytest

from csms.cli import client

URL = "http://127.0.0.1:9"


@pytest.fixture
def api(monkeypatch):
    """The calls that were made, each answered by the last of `answers`."""
    made, answers = [], [httpx.Response(200, json={})]

    def request(method, address, **given):
        made.append((method, address, given))
        return answers[-1]

    monkeypatch.setattr(httpx, "request", request)
    return made, answers


def test_a_wrong_token_is_told_in_words_of_the_command(api):
    api[1].append(httpx.Response(401, json={"detail": "send it as `Authorization: Bearer …`"}))
    with pytest.raises(client.ApiError, match="give --api-token, or CSMS_API_TOKEN"):
        client.get(URL, "wrong", "/sessions")


def test_only_files_may_be_read_for_long(api, tmp_path):
    file = tmp_path / "a.xlsx"
    file.write_bytes(b"")
    client.get(URL, None, "/sessions")
    client.send_file(URL, None, "/imports/sessions", file, site="north", station=None)
    (_, _, short), (method, address, long) = api[0]
    assert short["timeout"].read == 60
    assert long["timeout"] == httpx.Timeout(60, read=7200)
    assert (method, address) == ("POST", f"{URL}/api/v1/imports/sessions")
    assert long["params"] == {"site": "north"}
