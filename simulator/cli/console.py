"""The typed commands of the shell, and what is made of them."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any, Final

import httpx
import orjson
from pydantic import ValidationError

from simulator.naming import unknown
from simulator.running.orders import ORDERS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from simulator.running.orders import Order

_HOST: Final = "127.0.0.1"
_WITHIN_S: Final = 10.0
_HISTORY: Final = "~/.simulator_history"
_KEPT_LINES: Final = 1000
_PROMPT: Final = "simulator> "
_LOOKS: Final = {
    "list": "list [PATTERN]: stations in brief",
    "show": "show STATION: one station with its EVSEs",
    "figures": "figures: connected, sessions, messages, latency, errors",
    "watch": "watch [PATTERN]: events as they happen, until Ctrl-C",
    "help": "help [COMMAND]: this",
    "quit": "quit: leave the shell; the stations go on",
}
_EVSE: Final = "evse"


class CommandError(Exception):
    """A command that could not be carried out; the message is a sentence."""


class Console:
    """Carries out commands at the control port of a run."""

    def __init__(self, url: str) -> None:
        if url.isdecimal():
            url = f"{_HOST}:{url}"
        base = url if "://" in url else f"http://{url}"
        self._url = base.rstrip("/")
        self._http = httpx.Client(base_url=self._url, timeout=_WITHIN_S, trust_env=False)
        self._names: list[str] = []

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self._http.close()

    def converse(self) -> None:
        """Read commands from a terminal until its user leaves."""
        with _edited_lines(self.complete):
            while True:
                try:
                    line = input(_PROMPT)
                except EOFError:
                    print()  # noqa: T201 - leaves the prompt's line
                    return
                except KeyboardInterrupt:
                    print()  # noqa: T201 - the same
                    continue
                if line.strip() in ("quit", "exit"):
                    return
                self.carry_out(line)

    def obey(self, lines: Iterable[str]) -> bool:
        """Carry a script out; False where a command failed, which ends it."""
        for number, line in enumerate(lines, 1):
            if line.strip() in ("quit", "exit"):
                return True
            if not self.carry_out(line, f"line {number}: "):
                return False
        return True

    def carry_out(self, line: str, place: str = "") -> bool:
        """Carry a line out and write what comes of it; False where it failed."""
        try:
            words = shlex.split(line, comments=True)
            if words:
                self._do(words[0], words[1:])
        except (CommandError, ValueError) as error:
            sys.stderr.write(f"simulator: {place}{error}\n")
            return False
        except KeyboardInterrupt:
            _say("")
        return True

    def complete(self, text: str, number: int) -> str | None:
        """Return the n-th completion of what is being typed."""
        import readline

        begun = readline.get_line_buffer()[: readline.get_begidx()].split()
        found = [each for each in self._candidates(begun) if each.startswith(text)]
        return f"{found[number]} " if number < len(found) else None

    def _candidates(self, begun: list[str]) -> list[str]:
        if not begun:
            return [*_LOOKS, *ORDERS]
        if len(begun) == 1:
            if begun[0] == "help":
                return [*_LOOKS, *ORDERS]
            return self._stations()
        return self._values(begun[0])

    def _values(self, command: str) -> list[str]:
        if command == "plug-in":
            from simulator.vehicles.catalogue import VEHICLES

            return [f"vehicle={name}" for name in VEHICLES]
        if command in ("fault-on", "fault-off"):
            from simulator.faults.catalogue import FAULTS

            return list(FAULTS)
        order = ORDERS.get(command)
        return [f"{name}=" for name in order.model_fields] if order else []

    def _stations(self) -> list[str]:
        if not self._names:
            with contextlib.suppress(CommandError):
                self._names = [each["station"] for each in self._ask("GET", "/stations")]
        return self._names

    def _do(self, command: str, words: list[str]) -> None:
        match command:
            case "help":
                _help(words)
            case "list":
                _list(self._ask("GET", "/stations", match=words[0] if words else "*"))
            case "figures":
                _say_members(self._ask("GET", "/figures"))
            case "watch":
                self._watch(words[0] if words else "*")
            case "quit":
                pass
            case "show":
                _show(self._ask("GET", f"/stations/{_station(command, words)}"))
            case _ if command in ORDERS:
                self._order(command, words)
            case _:
                raise CommandError(unknown("command", command, [*_LOOKS, *ORDERS], "help"))

    def _order(self, command: str, words: list[str]) -> None:
        station, order = _station(command, words), _parsed(command, words[1:])
        body = order.model_dump(mode="json")
        if any(sign in station for sign in "*?["):
            told = self._ask("POST", f"/fleet/{command}", body, match=station)
            _say(f"done at {told['done']} stations")
            for name, why in told["refused"].items():
                _say(f"  not at {name}: {why}")
            return
        _show(self._ask("POST", f"/stations/{station}/{command}", body))

    def _watch(self, pattern: str) -> None:
        try:
            with self._http.stream(
                "GET", "/events", params={"match": pattern}, timeout=None
            ) as answer:
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        _say_event(orjson.loads(line.removeprefix("data: ")))
        except httpx.HTTPError as error:
            raise CommandError(self._gone(error)) from error

    def _ask(self, method: str, path: str, body: object = None, **query: str) -> Any:  # noqa: ANN401
        try:
            answer = self._http.request(method, path, json=body, params=query)
            told = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise CommandError(self._gone(error)) from error
        if answer.is_success:
            return told
        raise CommandError(told.get("detail", f"HTTP {answer.status_code}"))

    def _gone(self, error: Exception) -> str:
        return (
            f"nobody answers at {self._url} ({error}): "
            "start `simulator run --control 9999`, or give --control"
        )


def _station(command: str, words: list[str]) -> str:
    if not words:
        raise CommandError(f"{command} needs a station; `list` shows them")
    return words[0]


def _parsed(command: str, words: list[str]) -> Order:
    """Return the order that words make: `name=value`, or values in the order of its members."""
    order = ORDERS[command]
    members = [name for name in order.model_fields if name != _EVSE]
    given: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            left = [each for each in members if each not in given]
            if not left:
                raise CommandError(f"{command}: {word!r} is one word too many; {_usage(command)}")
            name, text = left[0], word
        name = name.replace("-", "_")
        if name not in order.model_fields:
            raise CommandError(unknown(f"option of {command}", name, order.model_fields))
        given[name] = text
    try:
        return order.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise CommandError(f"{command}: {place}: {first['msg']}; {_usage(command)}") from error


def _usage(command: str) -> str:
    order = ORDERS[command]
    words = []
    for name, member in sorted(order.model_fields.items(), key=lambda each: each[0] == _EVSE):
        word = name.upper() if member.is_required() else f"[{name}={_default(member.default)}]"
        words.append(word)
    return " ".join([command, "STATION", *words])


def _default(default: object) -> str:
    return "…" if default is None else f"{default}"


def _help(words: list[str]) -> None:
    for name, text in _LOOKS.items():
        if not words or name in words:
            _say(text)
    for name, order in ORDERS.items():
        if not words or name in words:
            _say(f"{_usage(name)}: {(order.__doc__ or '').strip()}")
    if not words:
        _say("STATION may be a pattern for many, as in power-cut BAY-*; times are simulated s")
    elif not any(word in _LOOKS or word in ORDERS for word in words):
        raise CommandError(unknown("command", words[0], [*_LOOKS, *ORDERS], "help"))


def _list(stations: list[dict[str, Any]]) -> None:
    for each in stations:
        _say(f"{each['station']:<16} {each['version']:<6} {each['state']}")
    _say(f"{len(stations)} stations")


def _show(station: dict[str, Any]) -> None:
    faults = f" faults={','.join(station['faults'])}" if station["faults"] else ""
    waits = " messages wait" if station["waiting_messages"] else ""
    head = [station[name] for name in ("station", "version", "state", "at")]
    _say(" ".join(head) + faults + waits)
    for evse in station["evses"]:
        told = {
            name: given
            for name, given in evse.items()
            if name not in (_EVSE, "status", "unit", "offered", "is_operative", "transaction")
            and given not in (None, [], 0)
        }
        told["offered"] = f"{evse['offered']:g}{evse['unit']}"
        members = " ".join(f"{name}={_plain(given)}" for name, given in told.items())
        _say(f"  EVSE {evse['evse']} {evse['status']:<13} {members}")


def _say_members(members: dict[str, Any]) -> None:
    for name, given in members.items():
        _say(f"{name:<16} {_plain(given)}")


def _say_event(event: dict[str, Any]) -> None:
    at, station, name = event.pop("at"), event.pop("station"), event.pop("event")
    members = " ".join(f"{key}={_plain(given)}" for key, given in event.items())
    _say(f"{at[11:19]} {station:<12} {name:<18} {members}".rstrip())


def _plain(given: object) -> str:
    if isinstance(given, list):
        return ",".join(map(str, given))
    if isinstance(given, dict):
        return ",".join(f"{name}:{each}" for name, each in given.items()) or "none"
    return f"{given:g}" if isinstance(given, float) else str(given)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _edited_lines(complete: Any) -> Any:  # noqa: ANN401 - readline's own form
    """Have typed lines edited, completed and remembered while the block runs."""
    try:
        import readline
    except ImportError:
        yield
        return
    history = os.path.expanduser(_HISTORY)  # noqa: PTH111 - where there is no home, as it is
    with contextlib.suppress(OSError):
        readline.read_history_file(history)
    readline.set_completer(complete)
    readline.set_completer_delims(" ")
    readline.set_history_length(_KEPT_LINES)
    readline.parse_and_bind("tab: complete")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            readline.write_history_file(history)
