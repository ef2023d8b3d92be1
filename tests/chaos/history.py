"""What a fleet did and heard: every message with its sends and answers, every session's truth."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.chaos.plan import percentile

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

# The kinds of messages that carry money; no other is kept by a charger.
START, METER, STOP = "start", "meter", "stop"


@dataclass(eq=False, slots=True)
class Message:
    """One message of a session. `at` is its timestamp, unique within its charger."""

    session: Played
    kind: str
    at: datetime
    register_wh: int
    sequence: int
    message_ids: list[str] = field(default_factory=list)
    answers: int = 0
    errors: list[str] = field(default_factory=list)
    is_discarded: bool = False

    @property
    def is_answered(self) -> bool:
        return self.answers > 0


@dataclass(eq=False, slots=True)
class Played:
    """One session as its charger knows it. `transaction_ids` are all that answers gave it."""

    station: str
    version: str
    number: int
    connector: int
    token: str
    messages: list[Message] = field(default_factory=list)
    transaction_id: str | None = None
    transaction_ids: set[str] = field(default_factory=set)

    @property
    def energy_wh(self) -> int:
        return self.messages[-1].register_wh - self.messages[0].register_wh

    @property
    def is_complete(self) -> bool:
        """Whether its start and its end were answered, so that it must be billed exactly."""
        last = self.messages[-1]
        return last.kind == STOP and last.is_answered and self.messages[0].is_answered

    @property
    def has_loss(self) -> bool:
        """Whether its charger discarded a message of it."""
        return any(each.is_discarded for each in self.messages)


@dataclass
class History:
    """All of a run. Times are of the monotonic clock."""

    sessions: list[Played] = field(default_factory=list)
    latencies: list[tuple[float, float]] = field(default_factory=list)
    callerrors: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    discarded: Counter[str] = field(default_factory=Counter)
    boots: int = 0
    opened: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def answered(self, sent_s: float, latency_s: float) -> None:
        self.latencies.append((sent_s, latency_s))

    def p_ms(self, share: float, since_s: float = 0.0, until_s: float = float("inf")) -> float:
        """The latency, in ms, that this share of calls sent in that time kept."""
        within = (each for sent, each in self.latencies if since_s <= sent < until_s)
        return round(percentile(within, share) * 1000, 1)

    def first_answer_after(self, moment_s: float) -> float | None:
        """When the first answer came to a call that was sent after that moment."""
        first = None
        for sent, took in reversed(self.latencies):
            if sent + took < moment_s:
                break
            first = sent + took if sent >= moment_s else first
        return first

    @property
    def transaction_callerrors(self) -> int:
        keeps = ("StartTransaction", "StopTransaction", "MeterValues", "TransactionEvent")
        return sum(self.callerrors[action] for action in keeps)

    @property
    def messages(self) -> list[Message]:
        return [message for session in self.sessions for message in session.messages]

    @property
    def undelivered(self) -> list[Message]:
        """Messages that have no answer and were not discarded either."""
        return [each for each in self.messages if not each.is_answered and not each.is_discarded]

    def figures(self) -> dict[str, Any]:
        messages = self.messages
        return {
            "sessions_started": len(self.sessions),
            "messages": len(messages),
            "sends": sum(len(each.message_ids) for each in messages),
            "resent": sum(len(each.message_ids) > 1 for each in messages),
            "callerrors": self.transaction_callerrors,
            "errors": dict(self.errors.most_common(5)),
            "undelivered": len(self.undelivered),
            "discarded_by_chargers": sum(self.discarded.values()),
            "ids_differing": sum(len(each.transaction_ids) > 1 for each in self.sessions),
            "boots": self.boots,
            "connections": self.opened,
            "p50_ms": self.p_ms(0.50),
            "p99_ms": self.p_ms(0.99),
            "longest_ms": self.p_ms(1.0),
        }

    def write(self, path: Path) -> None:
        """Writes one line for each message, to compare with the database by other means."""
        with path.open("w") as file:
            for each in self.messages:
                line = {
                    "station": each.session.station,
                    "session": each.session.number,
                    "transaction": each.session.transaction_id,
                    "kind": each.kind,
                    "at": each.at.isoformat(),
                    "register_wh": each.register_wh,
                    "message_ids": each.message_ids,
                    "answers": each.answers,
                    "errors": each.errors,
                    "discarded": each.is_discarded,
                }
                file.write(json.dumps(line) + "\n")
