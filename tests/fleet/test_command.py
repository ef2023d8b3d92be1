"""The command as its users meet it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import pytest
from typer.testing import CliRunner
from websockets.asyncio.server import serve

from simulator.__main__ import app
from simulator.station.retries import RETRIES


def run(*arguments):
    return CliRunner().invoke(app, ["run", *arguments])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--url", "http://host/ocpp"], "write ws:// or wss://"),
        (["--fault", "ignore-limit"], "there is no fault 'ignore-limit'; did you mean ignore-lim"),
        (["--fault", "ignore-limits:7"], "the share is more than 0 and at most 1"),
        (["--retries", "steve"], "there are no retries 'steve'; known are default, libocpp"),
        (["--history", "no/such/folder/x"], "--history no/such/folder/x: No such file"),
        (["--scenario", "nope.toml"], "there is no file 'nope.toml'"),
        (["--scenario", "ofice-day"], "did you mean office-day"),
        (["--speed", "fast"], "--speed fast: write 0.1 to 10000, or max"),
        (["--speed", "0"], "--speed 0: write 0.1 to 10000, or max"),
        (["--duration", "soon"], "--duration soon: write seconds, or a duration as in 15m"),
        (["--for", "0d"], "--for 0d: write seconds"),
        (["--clock-start", "noon"], "--clock-start noon: write it as in 2026-11-21T08:00:00Z"),
        (["--ca-file", "x.pem"], "--ca-file is for wss://; --url is ws://localhost:9000/ocpp"),
        (["--url", "wss://localhost:1", "--client-key", "k.pem"], "--client-key needs --client-ce"),
        (["--url", "wss://localhost:1", "--ca-file", "no.pem"], "--ca-file no.pem"),
        (["--source", "here"], "--source here: this is no IP address"),
        (["--control", "x"], "--control x: write PORT or HOST:PORT"),
        (["--truth", "no/such/folder/x"], "--truth no/such/folder/x: No such file"),
    ],
)
def test_bad_value_is_one_clear_sentence(arguments, expected):
    result = run(*arguments)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("arguments", [["--count", "0"], ["--shards", "0"], ["--version", "3"]])
def test_value_out_of_range_is_refused(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_help_names_every_option():
    text = run("--help").stdout
    for option in ("--url", "--count", "--scenario", "--speed", "--seed", "--fault", "--duration"):
        assert option in text
    for option in ("--state", "--truth", "--control", "--ca-file", "--client-cert", "--for"):
        assert option in text


def test_retries_are_listed_with_what_they_do():
    lines = CliRunner().invoke(app, ["retries"]).stdout.splitlines()
    names = [line.split()[0] for line in lines]
    assert names == [*RETRIES, "mixed"]
    assert all(len(line.split()) > 4 for line in lines)


async def test_interrupt_ends_with_zero_and_json_lines(tmp_path):
    history = tmp_path / "history.jsonl"

    async def answer(connection):
        async for text in connection:
            frame = json.loads(text)
            times = {"currentTime": "2026-11-21T08:00:00Z", "interval": 60, "status": "Accepted"}
            await connection.send(json.dumps([3, frame[1], times if len(frame) > 3 else {}]))

    async with serve(answer, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
        port = server.sockets[0].getsockname()[1]
        arguments = ["--url", f"ws://127.0.0.1:{port}", "--count", "1", "--version", "1.6"]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "simulator",
            "run",
            "--json",
            "--history",
            str(history),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        first = json.loads(await process.stdout.readline())
        assert (first["station"], first["event"]) == ("SIM-01", "connection.opened")
        process.send_signal(signal.SIGINT)
        output, errors = await process.communicate()
    assert process.returncode == 0, errors
    assert errors == b""
    assert json.loads(output.splitlines()[-1])["event"] == "summary"
    noted = [json.loads(line) for line in history.read_text().splitlines()]
    assert [each["event"] for each in noted] == ["connection.opened", "connection.lost"]
