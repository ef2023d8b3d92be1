"""How a station answers requests: registration first, faults on the way, schemas at the end.

Source: OCPP 1.6 edition 2, 4.2; OCPP 2.0.1 part 2, B02.FR.05 and B03.FR.08; OCPP-J, 4.2.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from csms.ocppj.codes import spelled
from csms.ocppj.frames import Call, encode_result
from csms.ocppj.refusals import error_text
from csms.ocppj.schemas import response_violation
from simulator.errors import InvalidPayload
from simulator.faults.answers import Answering
from simulator.station.dialect import Refused
from simulator.station.lifecycle import Registration
from simulator.station.outputs import Send
from simulator.wire import to_payload

if TYPE_CHECKING:
    from random import Random

    from csms.ocppj.frames import Payload
    from simulator.faults.answers import Twist
    from simulator.station.core import Station
    from simulator.station.outputs import Output

_REMOTE: Final = frozenset(
    {
        "RemoteStartTransaction",
        "RemoteStopTransaction",
        "RequestStartTransaction",
        "RequestStopTransaction",
    }
)
_TRIGGERS: Final = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})
_BREAKDOWN_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class _Late:
    """An answer that leaves later, on the connection on which it was asked for."""

    due_s: float
    text: str


class Answers:
    """Carries out what a central system asks of one station, and says what came of it.

    `is_triggered` while messages are made on request, which go out before acceptance too (1.6,
    4.2; 2.0.1, B02.FR.02).
    """

    def __init__(self, station: Station, random: Random, *, strict: bool) -> None:
        self._station = station
        self._random = random
        self._strict = strict
        self._late: list[_Late] = []
        self.is_triggered = False

    @property
    def next_at(self) -> float:
        """When the next late answer leaves; infinity without one."""
        return min(each.due_s for each in self._late) if self._late else math.inf

    def forget(self) -> None:
        """Drop the answers that were to come: their connection is gone."""
        self._late.clear()

    def due(self, now: float) -> list[Output]:
        """Return the late answers whose time has come."""
        if not self._late:
            return []
        due = [each for each in self._late if each.due_s <= now]
        self._late = [each for each in self._late if each.due_s > now]
        return [Send(each.text) for each in due]

    def answer(self, call: Call, now: float) -> list[Output]:
        """Carry out a request, and return what is to be said at once."""
        lifecycle = self._station.lifecycle
        effects = self._station.effects(now)
        if effects.breaks_before_boot and not lifecycle.is_accepted:
            lifecycle.power_cut(now, _BREAKDOWN_S, reason="Watchdog")
            return []
        if lifecycle.registration is Registration.REJECTED:
            return self._while_rejected(call, now)
        twists = effects.twists
        if twists:
            return self._twisted(call, now, twists)
        carried_out = self._carry_out(call, call.payload, now)
        if isinstance(carried_out, Refused):
            return [Send(self._refusal(call.message_id, carried_out))]
        if self._strict:
            version = self._station.dialect.version
            violation = response_violation(version, call.action, carried_out)
            if violation is not None:
                raise InvalidPayload(f"answer to {call.action}: {violation.message}")
        return [Send(encode_result(call.message_id, carried_out))]

    def _while_rejected(self, call: Call, now: float) -> list[Output]:
        """Refuse: 1.6 has the station not answer at all, 2.0.1 with SecurityError."""
        self._station.report(now, "command.ignored", action=call.action)
        if not self._station.dialect.refuses_when_rejected:
            return []
        refused = Refused("SecurityError", "this station is not accepted")
        return [Send(self._refusal(call.message_id, refused))]

    def _carry_out(self, call: Call, payload: Payload, now: float) -> Payload | Refused:
        station = self._station
        answer: object = {"status": "Rejected"}
        if call.action not in _REMOTE or station.is_accepted:
            self.is_triggered = call.action in _TRIGGERS
            answer = station.dialect.commands[call.action](station, payload, now)
            self.is_triggered = False
        if isinstance(answer, Refused):
            station.report(now, "command.refused", action=call.action, code=answer.code)
            return answer
        for bay in station.bays.values():
            bay.sampler.settings_changed(now)
        told = answer if isinstance(answer, dict) else to_payload(answer)
        status = told.get("status", "done")
        station.report(now, "command.answered", action=call.action, status=status)
        return told

    def _twisted(self, call: Call, now: float, twists: tuple[Twist, ...]) -> list[Output]:
        answering = Answering(
            version=self._station.dialect.version,
            action=call.action,
            payload=copy.deepcopy(call.payload),
            message_id=call.message_id,
            random=self._random,
        )
        for twist in twists:
            twist(answering)
        answer: Payload | Refused | None = answering.answer
        if answer is None:
            answer = self._carry_out(call, answering.payload, now)
        if isinstance(answer, Refused):
            text = self._refusal(answering.message_id, answer)
        else:
            for then in answering.then:
                then(answer)
            text = encode_result(answering.message_id, answer)
        for change in answering.texts:
            text = change(text)
        if answering.delay_s > 0:
            if answering.delay_s < math.inf:
                self._late.append(_Late(now + answering.delay_s, text))
            return []
        return [Send(text)] * answering.copies

    def _refusal(self, message_id: str, refused: Refused) -> str:
        code = spelled(self._station.dialect.version, refused.code)
        return error_text(message_id, code, refused.description, {})
