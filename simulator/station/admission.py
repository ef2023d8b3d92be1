"""Who may charge at one EVSE: tokens shown, remote starts, and the wait for the cable.

A token is judged by the station's own list and cache, by the central system, or by what the
settings say for when it cannot be asked. Source: OCPP 1.6 edition 2, 3.5, 4.1, 4.8, 4.10, 5.11;
OCPP 2.0.1 part 2, C01 to C15, E03, F01, F02.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from profiles import ClearCriteria
from simulator.station.authorization import UNKNOWN
from simulator.station.local_list import TokenInfo
from simulator.station.news import Change
from simulator.station.transaction import Moment, StopReason, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.bay import Bay
    from simulator.station.driver import Report
    from simulator.station.host import Host
    from simulator.station.transaction import Transaction

_Verdict: TypeAlias = "Callable[[TokenInfo, float], None]"
_NO_ANSWER: Final = TokenInfo("NoAnswer")
_REMOTE_TAKES_S: Final = 2.0
_LAPSE: Final = "lapse"
_ADMIT: Final = "admit"


@dataclass(frozen=True, slots=True)
class Grant:
    """A token that may charge.

    `profile_id` is of the profile that a remote start brought, `reservation_id` of the
    reservation that it has used up.
    """

    token: Token
    group: str | None = None
    is_remote: bool = False
    remote_start_id: int | None = None
    profile_id: int | None = None
    reservation_id: int | None = None


class Admission:
    """Lets tokens in at one bay. `granted` waits for its cable; its timers are the bay's."""

    def __init__(self, host: Host, bay: Bay, report: Report) -> None:
        self.granted: Grant | None = None
        self._remote: Grant | None = None
        self._host = host
        self._bay = bay
        self._report = report
        self._is_asking = False

    @property
    def handlers(self) -> Mapping[str, Callable[[float], None]]:
        """What is done when one of its appointments is due."""
        return {_LAPSE: self._lapse, _ADMIT: self._admit_remote}

    def present(self, token: Token, now: float) -> None:
        """Take a token that somebody shows: to start, or to stop what runs."""
        if self._bay.transaction is not None:
            self._stop_with(self._bay.transaction, token, now)
            return
        if self.granted is not None and self._bay.supply.vehicle is not None:
            self._begin(self.granted, now)
            return
        if self._is_asking or self.granted is not None:
            return
        reason = self._hindrance(token)
        if reason is not None:
            self._refuse(token, reason, now)
            return
        grant = Grant(token)
        self._ask(token, now, lambda info, at: self._judge(grant, info, at))

    def start_remotely(self, grant: Grant, now: float) -> bool:
        """Take an operator's wish to start; False where that is impossible now."""
        bay = self._bay
        is_taken = bay.transaction is not None or self.granted is not None
        if is_taken or self._remote is not None or self._hindrance(grant.token) is not None:
            return False
        self._remote = replace(grant, is_remote=True)
        bay.timers.set(_ADMIT, now + _REMOTE_TAKES_S)
        if bay.supply.vehicle is None and bay.driver.can_come:
            bay.driver.come_soon(now)
        return True

    def plugged_in(self, now: float) -> None:
        """Start with what was granted before the car came."""
        if self.granted is not None:
            self._begin(self.granted, now)

    def reset(self, now: float) -> None:
        """Forget what was granted and asked for, as when the car leaves or the power goes."""
        dropped = self.granted or self._remote
        self._remote, self._is_asking = None, False
        self._bay.timers.clear(_LAPSE, _ADMIT)
        if self.granted is not None:
            self.granted = None
        if dropped is not None:
            self._drop(dropped)
        self._bay.refresh(now)

    def reservation_used(self, grant: Grant) -> int | None:
        """Return the reservation under which a token charges; from now on it is none."""
        if grant.reservation_id is not None:
            return grant.reservation_id
        return self._host.reservations.use(self._bay.evse_id, grant.token, grant.group)

    def judged(self, transaction: Transaction, info: TokenInfo, now: float) -> None:
        """Take the central system's word on a transaction that was started.

        Source: OCPP 1.6, 4.8; OCPP 2.0.1 part 2, C10.FR.05, E05.FR.02 and E05.FR.09.
        """
        host, bay = self._host, self._bay
        self.learn(transaction.token, info, now)
        if info.group is not None:
            transaction.group = info.group
        if bay.transaction is not transaction:
            return
        if info.is_accepted or bay.supply.effects(now).charges_though_refused:
            transaction.is_refused = False
        else:
            self._report(now, "session.refused", token=transaction.token.text, status=info.status)
            if host.dialect.token_rules.stops_on_invalid:
                bay.stop(StopReason.DE_AUTHORIZED, now)
                return
            transaction.is_refused = True
        bay.refresh(now)

    def doubted(self, info: TokenInfo, now: float) -> None:
        """Take the central system's word on a token of which it was told before the car came."""
        transaction, grant = self._bay.transaction, self.granted
        if transaction is not None:
            self.judged(transaction, info, now)
        elif grant is not None:
            self.learn(grant.token, info, now)
            if not info.is_accepted:
                self._report(now, "session.refused", token=grant.token.text, status=info.status)
                self._bay.tell(Change.REFUSED, now)
                self.reset(now)

    def ended(
        self, transaction: Transaction, then: Callable[[Payload, float], None]
    ) -> Callable[[Payload, float], None]:
        """Return what takes the answer to a transaction's end, `then` what else does."""

        def take(answer: Payload, now: float) -> None:
            then(answer, now)
            info = self._host.dialect.token_info(answer)
            if info is not None and transaction.stopped_by is not None:
                self.learn(transaction.stopped_by, info, now)

        return take

    def learn(self, token: Token, info: TokenInfo, now: float) -> None:
        """Keep what the central system said of a token; tell it where its list says otherwise."""
        host, at = self._host, self._host.at(now)
        if not host.authorization.learned(token, info, host.dialect.token_rules, at):
            host.say(host.dialect.list_conflict(Moment(at, is_offline=False)))

    def _hindrance(self, token: Token) -> str | None:
        bay = self._bay
        if not bay.is_operative or bay.error is not None:
            return "Unavailable"
        if not 0 < len(token.text) <= self._host.dialect.longest_token:
            return "Unreadable"
        if not self._host.reservations.may_permit(bay.evse_id, token):
            return "Reserved"
        return None

    def _ask(self, token: Token, now: float, verdict: _Verdict) -> None:
        """Have a token judged, here where that is enough and else by the central system."""
        host = self._host
        rules, at = host.dialect.token_rules, host.at(now)
        known = host.authorization.known(token, rules, at)
        if not rules.is_needed:
            verdict(TokenInfo(), now)
        elif not rules.asks:
            verdict(known or UNKNOWN, now)
        elif not host.is_online:
            verdict(host.authorization.offline(token, rules, at), now)
        elif known is not None and rules.begins_local and self._is_enough(token, known):
            verdict(known, now)
        else:
            self._is_asking = True
            host.say(
                host.dialect.authorize(
                    token, lambda info, then: self._answered(token, info, then, verdict)
                )
            )

    def _is_enough(self, token: Token, known: TokenInfo) -> bool:
        rules = self._host.dialect.token_rules
        return known.is_accepted or self._host.authorization.is_final(token, rules)

    def _answered(
        self, token: Token, info: TokenInfo | None, now: float, verdict: _Verdict
    ) -> None:
        host = self._host
        self._is_asking = False
        if info is not None:
            self.learn(token, info, now)
        elif host.is_online:
            info = _NO_ANSWER
        else:
            rules = host.dialect.token_rules
            info = host.authorization.offline(token, rules, host.at(now))
        verdict(info, now)
        self._bay.refresh(now)

    def _judge(self, grant: Grant, info: TokenInfo, now: float) -> None:
        bay = self._bay
        if bay.transaction is not None or self.granted is not None:
            self._drop(grant)
            return
        reason = None if info.is_accepted else info.status
        if info.evses and bay.evse_id not in info.evses:
            reason = "NotAtThisLocation"
        if not self._permits(grant.token, info.group):
            reason = "Reserved"
        if self._is_master(info):
            reason = "MasterPass"
        if reason is not None and not bay.supply.effects(now).charges_though_refused:
            self._drop(grant)
            self._refuse(grant.token, reason, now)
            return
        self._grant(replace(grant, group=info.group), now)

    def _refuse(self, token: Token, status: str, now: float) -> None:
        self._report(now, "authorize.refused", token=token.text, status=status)
        if self._bay.supply.vehicle is not None:
            self._bay.driver.leave_soon(now)

    def _grant(self, grant: Grant, now: float) -> None:
        bay = self._bay
        if bay.supply.vehicle is not None:
            self._begin(grant, now)
            return
        if not self._host.dialect.prepares_for_token:
            # H03.FR.09: it is used up by the token, before the cable.
            grant = replace(grant, reservation_id=self.reservation_used(grant))
        self.granted = grant
        bay.refresh(now)
        bay.tell(Change.GRANTED, now, grant)
        bay.timers.set(_LAPSE, now + self._host.dialect.token_rules.waits_for_cable_s)
        self._report(now, "token.accepted", token=grant.token.text)
        bay.refresh(now)

    def _begin(self, grant: Grant, now: float) -> None:
        self.granted = None
        self._bay.timers.clear(_LAPSE)
        self._bay.begin(grant, now)

    def _admit_remote(self, now: float) -> None:
        grant, self._remote = self._remote, None
        if grant is None:
            return
        if self._bay.transaction is not None:
            self._drop(grant)
            return
        host = self._host
        rules = host.dialect.token_rules
        known = host.authorization.known(grant.token, rules, host.at(now))
        group = known.group if known else None
        if rules.asks_for_remote or not self._permits(grant.token, group):
            self._ask(grant.token, now, lambda info, at: self._judge(grant, info, at))
        else:
            self._grant(replace(grant, group=group), now)

    def _drop(self, grant: Grant) -> None:
        """Forget the profile that was to hold for a transaction that does not come."""
        if grant.profile_id is not None:
            self._host.book.clear(ClearCriteria(profile_id=grant.profile_id))

    def _permits(self, token: Token, group: str | None) -> bool:
        return self._host.reservations.permits(self._bay.evse_id, token, group)

    def _lapse(self, now: float) -> None:
        """Give up waiting for the cable (ConnectionTimeOut, EVConnectionTimeOut)."""
        if self.granted is not None:
            self._report(now, "token.lapsed", token=self.granted.token.text)
            self._bay.tell(Change.LAPSED, now)
            self.reset(now)

    def _stop_with(self, transaction: Transaction, token: Token, now: float) -> None:
        """Stop for the token that started, or for another one of its group (1.6, 4.10)."""
        if token.text.casefold() == transaction.token.text.casefold():
            self._bay.stop(StopReason.LOCAL, now, token)
            return
        # C01.FR.02 has the central system asked of each token that is not known.
        may_stop = transaction.group is not None or self._host.dialect.asks_of_each_token
        if not may_stop or self._is_asking:
            self._report(now, "stop.refused", token=token.text)
            return
        self._ask(token, now, lambda info, at: self._stop_if_of_group(transaction, token, info, at))

    def _stop_if_of_group(
        self, transaction: Transaction, token: Token, info: TokenInfo, now: float
    ) -> None:
        if self._is_master(info):
            # C16.FR.02: without a display to choose on, all that runs is stopped.
            for bay in self._host.bays.values():
                bay.stop(StopReason.MASTER_PASS, now, token)
            return
        group = transaction.group
        same = group is not None and info.group is not None
        if same and str(info.group).casefold() == str(group).casefold() and info.is_accepted:
            if self._bay.transaction is transaction:
                self._bay.stop(StopReason.LOCAL, now, token)
            return
        self._report(now, "stop.refused", token=token.text)

    def _is_master(self, info: TokenInfo) -> bool:
        """Whether a token belongs to the Master Pass group (2.0.1, C16)."""
        master = self._host.dialect.token_rules.master_group
        if master is None or info.group is None or not info.is_accepted:
            return False
        return info.group.casefold() == master.casefold()
