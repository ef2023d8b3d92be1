"""What keeps stations out: told once in a sentence with what to do about it, then counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.station.outputs import Happened

_ADVICE: Final = {
    "refused": "is the central system running, and is --url right?",
    "unreachable": "is the address in --url right?",
    "name": "the host name in --url is not known here",
    "timeout": "something accepts connections there, but does not answer",
    "subprotocol": "it does not speak the stations' OCPP version: try --version",
    "tls": "trust its authority with --ca-file; where it asks for one, give --client-cert",
    "no-websocket": "over wss:// it may want --client-cert; else look at --url, ws:// or wss://",
    "files": "this machine allows too few open files: see `ulimit -n`",
    "ports": "this machine is out of ports: give more addresses with --source",
    "http 401": "give --password, or the stations' own in the scenario, as it knows them; "
    "over wss:// it may want --client-cert",
    "http 403": "give --password or --client-cert, or let it know the stations",
    "http 404": "the path in --url or the stations' IDs are not known there",
    "http 426": "there is a web server, but no websocket at the path in --url",
    "http 429": "it wants fewer connections at a time: see --connect-rate",
}
_NAMED: Final = 5
_ACCEPTED: Final = "Accepted"


class Problems:
    """Those of one run, by station. `never_let_in` have failed and were never accepted."""

    def __init__(self) -> None:
        self._failed: dict[str, str] = {}
        self._accepted: set[str] = set()
        self._attempts: Counter[str] = Counter()
        self._told: Counter[str] = Counter()

    @property
    def never_let_in(self) -> list[str]:
        """The stations that tried and did not get in, by name."""
        return sorted(each for each in self._failed if each not in self._accepted)

    def note(self, happened: Happened) -> str | None:
        """Take an event in, and return a sentence where it is a problem not yet told."""
        if happened.name == "boot.answered":
            return self._booted(happened)
        if happened.name == "connection.failed":
            reason, kind = str(happened.fields.get("reason")), _kind(happened)
            return self._note(happened.station, reason, _ADVICE.get(kind, ""))
        return None

    def again(self) -> list[str]:
        """Return what went on since this was last asked, a line for each reason."""
        lines = [
            f"still: {reason} ({self._attempts[reason]} attempts, {self._out(reason)} stations out)"
            for reason in self._attempts
            if self._attempts[reason] > self._told[reason] and self._out(reason)
        ]
        self._told = self._attempts.copy()
        return lines

    def summary(self) -> list[str]:
        """Return a line for each reason for which stations never got in."""
        out = self.never_let_in
        lines = []
        for reason in dict.fromkeys(self._failed[each] for each in out):
            theirs = [each for each in out if self._failed[each] == reason]
            named = ", ".join(theirs[:_NAMED]) + (", …" if len(theirs) > _NAMED else "")
            were = "station was" if len(theirs) == 1 else "stations were"
            lines.append(f"{len(theirs)} {were} never let in: {reason} ({named})")
        return lines

    def _booted(self, happened: Happened) -> str | None:
        status = happened.fields.get("status")
        if status == _ACCEPTED:
            self._accepted.add(happened.station)
            return None
        advice = "it is to be accepted at the central system"
        return self._note(happened.station, f"the BootNotification was answered {status}", advice)

    def _note(self, station: str, reason: str, advice: str) -> str | None:
        self._failed[station] = reason
        self._attempts[reason] += 1
        if self._attempts[reason] > 1:
            return None
        self._told[reason] = 1
        return f"{station}: {reason}" + (f"; {advice}" if advice else "") + "; trying again"

    def _out(self, reason: str) -> int:
        return sum(
            each == reason and station not in self._accepted
            for station, each in self._failed.items()
        )


def _kind(happened: Happened) -> str:
    kind, status = happened.fields.get("kind"), happened.fields.get("status")
    return f"{kind} {status}" if kind == "http" else str(kind)
