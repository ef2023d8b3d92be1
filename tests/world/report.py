"""The figures of a world as text, as JSON, and what to look up."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.world.labels import Labelling
    from tests.world.score import Score
    from tests.world.sessions import Account
    from tests.world.stage import Played, Wish

RECALL, PRECISION, ALARMS = 0.98, 0.97, 1.0
_SHOWN: Final = 12
_TOO_SLOW_S: Final = 60.0


class Report:
    """One world and what was made of it."""

    def __init__(
        self, wish: Wish, played: Played, account: Account, labelling: Labelling, score: Score
    ) -> None:
        self.wish, self.played, self.account = wish, played, account
        self.labels, self.hidden, self.score = labelling.labels, labelling.hidden, score
        self.lag_s = labelling.lag_s

    @property
    def aims_met(self) -> bool:
        """Whether sessions are complete and alerts as good as they should be."""
        total = self.score.total()
        is_found = total.recall is None or total.recall >= RECALL
        is_right = total.precision is None or total.precision >= PRECISION
        few = self.score.alarms_per_1000_h <= ALARMS
        return self.account.is_complete and is_found and is_right and few and self._is_sound

    @property
    def _is_sound(self) -> bool:
        return not self.played.troubles and not self.played.cut_short

    def lines(self) -> Iterator[str]:
        """The tables."""
        wish, truth = self.wish, self.played.truth
        yield (
            f"{wish.scenario}, seed {wish.seed}: {len(truth.stations)} stations, "
            f"{wish.days:g} days at speed {wish.speed:g} in {self.played.real_s:.0f} s"
        )
        slow_s = self.played.slow_ms * wish.speed / 1000
        yield (
            f"99 in 100 answers within {self.played.slow_ms:.0f} ms, {slow_s:.0f} simulated s"
            + (": the machine did not keep up" if slow_s > _TOO_SLOW_S else "")
        )
        yield f"deadlines of alerts are {self.lag_s:.0f} simulated s longer for that"
        if self.played.cut_short:
            yield f"cut short: {self.played.cut_short}"
        yield ""
        yield from self._sessions()
        yield ""
        yield from self._alerts()
        if self.played.troubles:
            yield f"errors in the server's log: {len(self.played.troubles)}"
            yield from (f"    {each[:200]}" for each in self.played.troubles[:5])

    def _sessions(self) -> Iterator[str]:
        account, truth = self.account, self.played.truth
        exact = sum(pair.is_exact for pair in account.pairs)
        explained = sum(bool(pair.why) for pair in account.pairs if not pair.is_exact)
        yield (
            f"sessions: {len(truth.sessions)} real, {len(account.pairs)} on record, "
            f"{len(account.missing)} missing ({sum(bool(why) for _, why in account.missing)} "
            f"explained), {len(account.doubled)} doubled, {len(account.extra)} made up, "
            f"{account.recognised} recognised as repetitions"
        )
        told = sum(each.told_wh for each in truth.sessions) / 1000
        drawn = sum(each.drawn_wh for each in truth.sessions) / 1000
        known = sum(pair.known.energy_wh or 0.0 for pair in account.pairs) / 1000
        yield f"energy: {drawn:.3f} kWh drawn, {told:.3f} told, {known:.3f} on record"
        yield (
            f"Wh exact: {exact} of {len(account.pairs)}; "
            f"{len(account.pairs) - exact} differ ({explained} explained)"
        )
        reasons = Counter(pair.why or "unexplained" for pair in account.pairs if not pair.is_exact)
        yield from (f"    {count} x {why}" for why, count in reasons.most_common(_SHOWN))

    def _alerts(self) -> Iterator[str]:
        yield (
            f"{'kind':20} {'labels':>6} {'found':>6} {'false':>6} {'grey':>6} "
            f"{'precision':>9} {'recall':>7} {'median s':>8} {'p95 s':>6}"
        )
        rows = {**dict(sorted(self.score.tallies.items())), "all": self.score.total()}
        for kind, tally in rows.items():
            yield (
                f"{kind:20} {tally.hits + tally.missed:6} {tally.hits:6} {tally.false:6} "
                f"{tally.grey:6} {_shown(tally.precision, 3):>9} {_shown(tally.recall, 3):>7} "
                f"{_shown(tally.delay_s(0.5)):>8} {_shown(tally.delay_s(0.95)):>6}"
            )
        if self.hidden:
            first = ", ".join(f"{why} {count}" for why, count in self.hidden.most_common(5))
            yield f"no labels, as nobody can see them: {self.hidden.total()} ({first} ...)"
        score = self.score
        yield (
            f"{score.alarms_per_1000_h:.2f} false alarms in 1,000 nominal hours "
            f"({score.nominal_false} in {score.nominal_hours:.0f} h; aim {ALARMS}); "
            f"aims: recall {RECALL}, precision {PRECISION}"
        )
        if score.others:
            others = ", ".join(f"{kind} {count}" for kind, count in sorted(score.others.items()))
            yield f"alerts that the truth says nothing of: {others}"

    def as_json(self) -> dict[str, Any]:
        """The figures for machines."""
        account, score = self.account, self.score
        exact = sum(pair.is_exact for pair in account.pairs)
        kinds = {
            kind: {
                "labels": tally.hits + tally.missed,
                "hits": tally.hits,
                "false": tally.false,
                "grey": tally.grey,
                "precision": tally.precision,
                "recall": tally.recall,
                "median_s": tally.delay_s(0.5),
                "p95_s": tally.delay_s(0.95),
            }
            for kind, tally in {**score.tallies, "all": score.total()}.items()
        }
        return {
            "scenario": self.wish.scenario,
            "seed": self.wish.seed,
            "speed": self.wish.speed,
            "days": self.wish.days,
            "stations": len(self.played.truth.stations),
            "real_s": round(self.played.real_s, 1),
            "answers_p99_ms": round(self.played.slow_ms, 1),
            "sessions": {
                "real": len(self.played.truth.sessions),
                "on_record": len(account.pairs),
                "missing": len(account.missing),
                "missing_unexplained": sum(not why for _, why in account.missing),
                "doubled": len(account.doubled),
                "made_up": len(account.extra),
                "exact_wh": exact,
                "inexact_unexplained": sum(
                    not pair.is_exact and not pair.why for pair in account.pairs
                ),
            },
            "hidden": dict(self.hidden.most_common()),
            "deadlines_longer_s": round(self.lag_s, 1),
            "cut_short": self.played.cut_short,
            "kinds": kinds,
            "nominal_hours": round(score.nominal_hours, 1),
            "false_alarms_per_1000_h": round(score.alarms_per_1000_h, 2),
            "server_errors": len(self.played.troubles),
            "aims_met": self.aims_met,
        }

    def write_details(self, path: Path) -> None:
        """Write each miss, false alarm and difference as one JSON line, to be looked up."""
        with path.open("w", encoding="utf-8") as file:
            for line in self._details():
                file.write(json.dumps(line, default=str) + "\n")

    def _details(self) -> Iterator[dict[str, Any]]:
        for real, why in self.account.missing:
            yield {"what": "session missing", "why": why, **_session(real)}
        for real, known in self.account.doubled:
            yield {"what": "session doubled", "known": known.id, **_session(real)}
        for known in self.account.extra:
            yield {"what": "session made up", "known": known.id, "station": known.station}
        for pair in self.account.pairs:
            if not pair.is_exact:
                told = {"off_wh": pair.off_wh, "why": pair.why, "known": pair.known.id}
                flags = {"flags": pair.known.flags, "on_record_wh": pair.known.energy_wh}
                flags["state"] = pair.known.state
                yield {"what": "energy differs", **told, **flags, **_session(pair.real)}
        known_of = {pair.real.transaction: pair.known.id for pair in self.account.pairs}
        for label, late in self.score.missed:
            yield {
                "what": "missed",
                "kind": label.kind,
                "station": label.station,
                "session": known_of.get(label.transaction or ""),
                "onset": label.onset,
                "ended": label.ended,
                "deadline": label.deadline,
                "facts": label.why,
                "late": None if late is None else (late.id, late.kind, late.confirmed),
            }
        for alert, is_nominal in self.score.false:
            told = {"kind": alert.kind, "alert": alert.id, "severity": alert.severity}
            when = {"opened": alert.opened, "confirmed": alert.confirmed}
            yield {
                "what": "false alarm",
                "nominal": is_nominal,
                **told,
                **when,
                "station": alert.station,
                "session": alert.session,
                "faults": sorted(
                    {each.what for each in self.played.truth.faults.get(alert.station, ())}
                ),
            }


def _session(real: Any) -> dict[str, Any]:
    return {
        "station": real.station,
        "transaction": real.transaction,
        "started": real.started,
        "ended": real.ended,
        "told_wh": real.told_wh,
        "drawn_wh": real.drawn_wh,
        "reason": real.reason,
    }


def _shown(number: float | None, decimals: int = 0) -> str:
    return "-" if number is None else f"{number:.{decimals}f}"
