"""A station for the engine's tests: it answers orders as it is told to, and keeps its profiles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from csms.domain.commands import (
    AskCapabilities,
    AskComposite,
    AskProfiles,
    CapabilitiesTold,
    ClearProfiles,
    CompositeTold,
    InstallProfile,
    ProfilesTold,
)
from csms.engine.desk import CommandAnswer
from csms.engine.work import STATION
from profiles import (
    ClearCriteria,
    CompositePeriod,
    CompositeSchedule,
    ProfileSet,
    Purpose,
    RateUnit,
    Transaction,
    evaluate,
)
from tests.builders import after

if TYPE_CHECKING:
    from collections.abc import Callable

    from csms.domain.commands import Command
    from csms.engine.work import Order, Outcome
    from profiles import ChargingProfile
    from tests.builders import Desk

REJECTED = CommandAnswer("Rejected", "InvalidProfile")
SILENT = CommandAnswer(None, "no answer within 30 s")
AWAY = CommandAnswer(None, "CP1 has disconnected", is_away=True)


@dataclass
class Charger:
    """The other side of a desk. `refuses` says why a profile is not taken, None if it is.

    `states` is what it answers for an EVSE in place of the truth. `orders` are all that came.
    """

    desk: Desk
    refuses: Callable[[ChargingProfile], CommandAnswer | None] = lambda _: None
    capabilities: CapabilitiesTold | None = None
    states: Callable[[], CompositeTold | None] | None = None
    clears: CommandAnswer | None = None
    profiles: ProfileSet = field(default_factory=ProfileSet)
    transactions: dict[int, Transaction] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    now_s: float = 0.0

    async def take(self, outcome: Outcome, at_s: float) -> None:
        """Answers all orders of an outcome, and those that follow from the answers, at once."""
        self.now_s = at_s
        waiting = list(outcome.then)
        while waiting:
            order = waiting.pop(0)
            self.orders.append(order)
            sent = self.desk.engine.command_sent(self.desk.state, order, {}, after(at_s))
            await self.desk.keep(sent)
            answer = self.answer(order.command)
            told = self.desk.engine.command_answered(self.desk.state, order, answer, after(at_s))
            await self.desk.keep(told)
            waiting.extend(told.then)

    async def connect(self, at_s: float, version: str = "1.6") -> None:
        """Connects without a boot, and lives through what follows."""
        await self.desk.keep(self.desk.engine.connected(self.desk.state, version, after(at_s)))
        await self.look(at_s + 3, STATION)

    async def look(self, at_s: float, session_id: str) -> float | None:
        """Has the engine look after a session or the station; returns when it is due again."""
        outcome, again = self.desk.engine.look_after(self.desk.state, session_id, after(at_s))
        await self.desk.keep(outcome)
        await self.take(outcome, at_s)
        return None if again is None else (again - after(0)).total_seconds()

    def disconnect(self, at_s: float) -> None:
        """Goes away."""
        self.desk.engine.disconnected(self.desk.state, after(at_s), "test")

    def answer(self, command: Command) -> CommandAnswer:  # noqa: PLR0911 - one for each command
        """Returns what it says."""
        match command:
            case InstallProfile(evse, profile):
                refusal = self.refuses(profile)
                if refusal is not None:
                    return refusal
                rules = self.desk.state.rules
                self.profiles = self.profiles.install(evse, profile, rules, after(self.now_s))
                return CommandAnswer("Accepted", sent_at=after(self.now_s), effect=command)
            case ClearProfiles():
                return self.clears or self._clear(command)
            case AskComposite():
                told = self._composite(command) if self.states is None else self.states()
                return SILENT if told is None else CommandAnswer("Accepted", effect=told)
            case AskCapabilities():
                if self.capabilities is None:
                    return CommandAnswer("NotSupported", "NotImplemented")
                return CommandAnswer("Unknown", effect=self.capabilities)
            case AskProfiles(request_id):
                return CommandAnswer("Accepted", effect=ProfilesTold(request_id, has_profiles=True))
        return CommandAnswer("NotSupported")

    def asked(self, kind: type[Command]) -> list[Command]:
        """All commands of a kind that came, in order."""
        return [order.command for order in self.orders if isinstance(order.command, kind)]

    def pushed(self, purpose: Purpose = Purpose.TX) -> list[ChargingProfile]:
        """All profiles of a purpose that came, refused ones too."""
        return [
            order.command.profile
            for order in self.orders
            if isinstance(order.command, InstallProfile)
            and order.command.profile.purpose is purpose
        ]

    def _clear(self, command: ClearProfiles) -> CommandAnswer:
        left = self.profiles.clear(ClearCriteria(command.profile_id, command.evse))
        is_there = len(left) != len(self.profiles)
        self.profiles = left
        return CommandAnswer("Accepted" if is_there else "Unknown", effect=command)

    def _composite(self, asked: AskComposite) -> CompositeTold:
        """Tells the truth, without a start, and its 32 A where nothing limits."""
        start = after(self.now_s)
        steps = evaluate(
            self.profiles,
            evse=asked.evse,
            transaction=self.transactions.get(asked.evse) or Transaction("T1", after(0)),
            start=start,
            end=after(self.now_s + asked.duration_s),
            rules=self.desk.state.rules,
        )
        unit = asked.unit or RateUnit.A
        hardware = 32.0 if unit is RateUnit.A else 22_080.0
        periods = [
            CompositePeriod(
                round((step.start - start).total_seconds()),
                hardware if (limit := step.in_unit(unit)) is None else limit,
                step.phases,
            )
            for step in steps
        ]
        schedule = CompositeSchedule(start, asked.duration_s, unit, tuple(periods))
        return CompositeTold(asked.evse, schedule, has_start=False)
