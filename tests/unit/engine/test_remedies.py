"""The ladder of remedies on an engine in virtual time: who is asked what, and when it ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from csms.domain.commands import (
    AskComposite,
    ClearProfiles,
    InstallProfile,
    StopRemotely,
    Trigger,
)
from csms.domain.facts import EventKind, SamplesReported
from csms.engine import metering
from csms.engine.desk import CommandAnswer
from csms.engine.policy import Policy
from csms.engine.quirks import key_of
from csms.engine.site_policy import load_remedies
from csms.engine.work import Work
from csms.engine.writes import AlertWrite
from csms.monitor.episodes import Kind, Severity
from profiles import AssignmentRule, Purpose, RateUnit, Rules, load_catalogue
from profiles.catalogue import SHIPPED
from tests.builders import Desk, a_sample, after, an_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from csms.engine.work import Order, Outcome

ACCEPTED = "Accepted"


class Bench:
    """A station with a session under 16 A, its car, and everything that it was sent.

    `says` gives the station's word for a command, None for silence; `amps` what the car draws.
    """

    def __init__(self, profile: str = "fixed-current-16a", **values: Any) -> None:
        policy = Policy(
            accept_unknown_tokens=True,
            catalogue=dict(load_catalogue(SHIPPED)),
            assignments=[AssignmentRule(profile=profile)],
            **values,
        )
        self.desk = Desk(policy)
        self.desk.state.rules = Rules.V16
        self.desk.state.record.vendor, self.desk.state.record.model = "V", "M"
        self.now_s = 0.0
        self.amps = 32.0
        self.wh = 1000.0
        self.every_s = 60.0
        self.says: Callable[[Any], str | None] = lambda _: ACCEPTED
        self.sent: list[tuple[float, Order]] = []
        self.notes: list[Any] = []
        self.due: float | None = None
        self.transaction = ""

    @property
    def engine(self) -> Any:
        return self.desk.engine

    @property
    def live(self) -> Any:
        (live,) = (*self.desk.state.running.values(), *self.desk.state.recent.values())
        return live

    async def begin(self) -> None:
        await self.settle(self.engine.connected(self.desk.state, "ocpp1.6", after(0)))
        start = an_event(
            EventKind.STARTED, 0, transaction=None, token="T", wh=1000, evse=1, connector=1
        )
        outcome = await self.desk.report(start, 0)
        self.transaction = outcome.answer.transaction_id
        await self.settle(outcome)

    async def settle(self, outcome: Outcome) -> None:
        """Does what the hub would do: sends orders, has them answered, looks after sessions."""
        await self.desk.keep(outcome)
        self.notes += outcome.notes
        if outcome.watched:
            self.due = self.now_s
        for order in outcome.then:
            self.sent.append((self.now_s, order))
            status = self.says(order.command)
            effect = order.command if status == ACCEPTED else None
            answer = CommandAnswer(status, None if status else "no answer", effect=effect)
            await self.settle(
                self.engine.command_answered(self.desk.state, order, answer, after(self.now_s))
            )

    async def run(self, seconds: float) -> None:
        """Lets time pass, in steps of ten seconds."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s += 10
            if self.amps is not None and self.now_s % self.every_s == 0:
                self.wh += self.amps * 3 * 230 * self.every_s / 3600
                values = a_sample(self.now_s, wh=self.wh, amps=self.amps)
                fact = SamplesReported(1, 1, (values,), self.transaction)
                await self.settle(await self.desk.report(fact, self.now_s))
            await self.look()

    async def look(self) -> None:
        for _ in range(20):
            if self.due is None or self.due > self.now_s or not self.desk.state.running:
                return
            self.due = None
            outcome, again = self.engine.look_after(
                self.desk.state, self.live.session.id, after(self.now_s)
            )
            await self.settle(outcome)
            if self.due is None and again is not None:
                self.due = (again - after(0)).total_seconds()
        raise AssertionError("it looks again and again at one instant")

    @property
    def remedies(self) -> list[tuple[float, str]]:
        """The commands that were sent for an alert, each with its second."""
        return [(at, type(order.command).__name__) for at, order in self.sent if order.alert_id]

    @property
    def alert(self) -> AlertWrite:
        return next(each for each in self.desk.rows(AlertWrite) if each.doc["actions"])

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(each["name"], each["outcome"]) for each in self.alert.doc["actions"]]


def a_file(folder: Path, text: str) -> Any:
    file = folder / "remedies.toml"
    file.write_text(text, encoding="utf-8")
    return load_remedies(file)


async def test_one_that_never_obeys_sees_each_step_three_times_and_an_operator_is_told_once():
    bench = Bench()
    await bench.begin()
    await bench.run(3600)
    names = [name for name, _ in bench.steps]
    once = ["trigger", "ask", "repush", "clear_stale"]
    assert names == [*once, "alert", *once, *once]
    assert {type(order.command) for _, order in bench.sent if order.alert_id} == {
        Trigger,
        AskComposite,
        InstallProfile,
        ClearProfiles,
    }
    asked = [order.command for _, order in bench.sent if isinstance(order.command, AskComposite)]
    assert {each.unit for each in asked} == {RateUnit.A}  # as the profile: stations convert oddly
    for name in once:
        taken = [each["at"] for each in bench.alert.doc["actions"] if each["name"] == name]
        assert len(taken) == 3
        times = [datetime.fromisoformat(at) for at in taken]
        assert min(b - a for a, b in pairwise(times)) >= timedelta(seconds=300)
    events = [note.event for note in bench.notes]
    assert events.count("deviation.escalated") == 1
    assert events.count("remedy.sent") == events.count("remedy.answered") == 12
    changes = [each["change"] for each in bench.alert.doc["history"]]
    assert changes[0] == "raised"
    assert changes.count("escalated") == 1


async def test_a_step_follows_when_the_one_before_has_had_its_time():
    bench = Bench()
    await bench.begin()
    await bench.run(1200)
    at = {name: second for second, name in reversed(bench.remedies)}
    assert at["Trigger"] < at["AskComposite"] < at["InstallProfile"] < at["ClearProfiles"]
    assert at["AskComposite"] - at["Trigger"] <= 90
    grace_s = bench.desk.policy.thresholds.grace_s
    assert grace_s < at["ClearProfiles"] - at["InstallProfile"] <= 180


async def test_one_that_obeys_a_second_push_is_left_alone():
    bench = Bench()

    def obeys_remedies(command: Any) -> str:
        if isinstance(command, InstallProfile) and bench.remedies:
            bench.amps = 16.0
        return ACCEPTED

    bench.says = obeys_remedies
    await bench.begin()
    await bench.run(3600)
    assert [name for name, _ in bench.steps] == ["trigger", "ask", "repush"]
    assert bench.alert.state == "cleared"
    last = bench.alert.doc["actions"][-1]
    assert 60 <= last["cleared_after_s"] <= 300
    quirk = bench.engine.quirks[key_of(bench.desk.state.record)]
    assert "repush ended" in quirk.evidence[-1]


async def test_a_push_that_helps_between_rare_samples_is_waited_for():
    bench = Bench()
    bench.every_s = 300

    def obeys_remedies(command: Any) -> str:
        if isinstance(command, InstallProfile) and bench.remedies:
            bench.amps = 16.0
        return ACCEPTED

    bench.says = obeys_remedies
    await bench.begin()
    await bench.run(3 * 3600)
    assert [name for name, _ in bench.steps] == ["trigger", "ask", "repush"]


async def test_nothing_is_sent_to_a_station_that_is_away_and_it_goes_on_when_it_is_back():
    bench = Bench()
    await bench.begin()
    await bench.run(60)
    gone = bench.engine.disconnected(bench.desk.state, after(bench.now_s), "test")
    await bench.settle(gone)
    await bench.run(600)
    assert bench.remedies == []
    await bench.settle(bench.engine.connected(bench.desk.state, "ocpp1.6", after(bench.now_s)))
    await bench.run(300)
    assert bench.remedies


async def test_nothing_is_sent_where_profiles_are_not_pushed():
    bench = Bench(pushes_profiles=False)
    await bench.begin()
    step = bench.live.track
    await bench.settle(
        bench.engine.agreed(
            bench.desk.state,
            InstallProfile(1, _sixteen(bench)),
            after(0),
        )
    )
    assert step.is_limited
    await bench.run(1800)
    assert bench.desk.rows(AlertWrite)
    assert bench.sent == []


def _sixteen(bench: Bench) -> Any:
    named = bench.desk.policy.catalogue["fixed-current-16a"]
    session = bench.live.session
    return named.to_charging_profile(
        id=7,
        purpose=Purpose.TX,
        transaction_id=session.transaction_id,
        transaction_start=session.started_at,
        zone=bench.desk.policy.zone_of("default"),
    )


async def test_what_was_found_in_late_samples_is_acted_on_by_nobody():
    bench = Bench()
    await bench.begin()
    await bench.run(60)
    bench.live.watch.last_at = None
    bench.amps = None
    late = tuple(a_sample(at_s, amps=32.0) for at_s in range(180, 600, 60))
    bench.now_s = 3600
    await bench.settle(
        await bench.desk.report(SamplesReported(1, 1, late, bench.transaction), bench.now_s)
    )
    await bench.run(600)
    (alert,) = [each for each in bench.desk.rows(AlertWrite) if each.kind == "OVER_LIMIT"]
    assert alert.doc["evidence"]["replayed"] is True
    assert not any(order.alert_id == alert.alert_id for _, order in bench.sent)


async def test_it_goes_on_after_a_restart_where_it_was():
    bench = Bench()
    await bench.begin()
    await bench.run(300)
    before = bench.steps
    assert before
    await bench.desk.restart()
    bench.desk.state.rules = Rules.V16
    await bench.settle(bench.engine.connected(bench.desk.state, "ocpp1.6", after(bench.now_s)))
    await bench.run(900)
    assert bench.steps[: len(before)] == before
    assert [name for name, _ in bench.steps[:5]] == [
        "trigger",
        "ask",
        "repush",
        "clear_stale",
        "alert",
    ]


async def test_an_answer_that_was_lost_in_a_restart_is_not_waited_for_for_ever():
    bench = Bench()
    await bench.begin()
    await bench.run(120)
    action = bench.live.watch.open_episodes[0].actions[0]
    action["outcome"], action["answers"], action["answered_at"] = None, {}, None
    await bench.run(600)
    assert bench.steps[0] == ("trigger", "lost")
    assert len(bench.steps) > 2


async def test_a_refused_question_is_asked_another_way_within_the_same_step():
    bench = Bench()
    bench.says = lambda command: (
        "NotSupported" if command == Trigger("transaction", 1) else ACCEPTED
    )
    await bench.begin()
    await bench.run(240)
    triggers = [order.command for _, order in bench.sent if isinstance(order.command, Trigger)]
    assert triggers[:2] == [Trigger("transaction", 1), Trigger("meter_values", 1)]
    assert bench.steps[0] == ("trigger", "accepted")


async def test_silence_and_refusals_are_outcomes_and_the_next_step_follows():
    bench = Bench()
    first = True

    def says(command: Any) -> str | None:
        nonlocal first
        if isinstance(command, InstallProfile) and first:
            first = False
            return ACCEPTED
        return None if isinstance(command, Trigger) else "Rejected"

    bench.says = says
    await bench.begin()
    await bench.run(1200)
    outcomes = dict(reversed(bench.steps))
    assert (outcomes["trigger"], outcomes["ask"]) == ("failed", "refused")
    assert "alert" in outcomes


async def test_a_critical_alert_reaches_an_operator_at_once_and_may_end_the_session(tmp_path):
    text = 'up_to_step = 7\nstop = true\n[kinds.OVER_LIMIT]\ncritical = ["alert", "stop"]\n'
    bench = Bench(remedies=a_file(tmp_path, text))
    await bench.begin()
    await bench.run(120)
    (episode,) = bench.live.watch.open_episodes
    assert bench.steps[0][0] == "trigger"
    episode.severity = type(episode.severity)("critical")
    bench.due = bench.now_s
    await bench.run(120)
    stops = [order.command for _, order in bench.sent if isinstance(order.command, StopRemotely)]
    assert stops == [StopRemotely(bench.transaction)]
    assert [name for name, _ in bench.steps] == ["trigger", "alert", "stop"]


async def test_a_lower_limit_makes_up_for_the_excess_and_is_judged_by_the_wanted_one(tmp_path):
    text = 'up_to_step = 4\n[kinds.OVER_LIMIT]\nsteps = ["push_lower"]\n'
    bench = Bench(remedies=a_file(tmp_path, text))
    bench.amps = 18.0

    def too_much(command: Any) -> str:
        if isinstance(command, InstallProfile) and bench.remedies:
            bench.amps = command.profile.schedule.periods[0].limit + 2
        return ACCEPTED

    bench.says = too_much
    await bench.begin()
    await bench.run(1800)
    lowered = [
        order.command.profile.schedule.periods[0].limit
        for _, order in bench.sent
        if order.alert_id and isinstance(order.command, InstallProfile)
    ]
    assert lowered == [14.0]
    assert bench.alert.state == "cleared"
    assert bench.live.track.at(after(bench.now_s)).limit_a == 16.0


async def test_a_pause_that_shall_wake_a_car_ends_after_a_minute_also_after_a_restart(tmp_path):
    text = 'up_to_step = 4\n[kinds.OVER_LIMIT]\nsteps = ["wake"]\n'
    for is_restarted in (False, True):
        bench = Bench(remedies=a_file(tmp_path, text))
        await bench.begin()
        while not bench.remedies:
            await bench.run(10)
        paused_s = bench.now_s
        if is_restarted:
            await bench.desk.restart()
            bench.desk.state.rules = Rules.V16
            again = bench.engine.connected(bench.desk.state, "ocpp1.6", after(bench.now_s))
            await bench.settle(again)
        await bench.run(120)
        pushed = [
            (at, order.command.profile.schedule.periods[0].limit)
            for at, order in bench.sent
            if isinstance(order.command, InstallProfile)
        ]
        zero = [at for at, limit in pushed if limit == 0]
        assert zero == [paused_s]
        restored = [at for at, limit in pushed if limit == 16 and at > paused_s]
        assert restored
        if not is_restarted:
            assert 60 <= restored[0] - paused_s <= 90


async def test_a_silent_meter_is_asked_and_its_word_ends_the_alert():
    bench = Bench()

    def wakes_meter(command: Any) -> str:
        if isinstance(command, Trigger):
            bench.amps = 16.0
        return ACCEPTED

    await bench.begin()
    bench.amps = 16.0
    await bench.run(240)
    bench.amps = None
    bench.says = wakes_meter
    await bench.run(1200)
    assert bench.alert.kind == "METER_MISSING"
    assert [name for name, _ in bench.steps] == ["trigger"]
    assert bench.alert.doc["cleared_because"] == "value_received"


async def test_a_lower_limit_that_is_refused_leaves_the_wanted_one(tmp_path):
    text = 'up_to_step = 4\n[kinds.OVER_LIMIT]\nsteps = ["push_lower"]\n'
    for word in ("Rejected", None):
        bench = Bench(remedies=a_file(tmp_path, text))
        bench.amps = 18.0
        bench.says = lambda command, word=word: (
            word
            if isinstance(command, InstallProfile)
            and command.profile.schedule.periods[0].limit == 14
            else ACCEPTED
        )
        await bench.begin()
        while not bench.remedies:
            await bench.run(10)
        await bench.run(60)
        last = [
            order.command for _, order in bench.sent if isinstance(order.command, InstallProfile)
        ]
        assert last[-1].profile.schedule.periods[0].limit == 16
        assert bench.live.session.push.lowered_to is None
        assert bench.steps[0] == ("push_lower", "refused" if word else "failed")


async def test_alerts_of_one_session_do_not_push_over_each_other():
    bench = Bench()
    await bench.begin()
    await bench.run(120)
    live = bench.live
    other = live.watch.raise_now(
        Kind.COMPOSITE_MISMATCH, Severity.MINOR, (after(0), after(120)), {}
    )
    work = Work(bench.desk.state, after(bench.now_s))
    metering.record(work, live, other)
    await bench.settle(work.outcome(None))
    await bench.run(1800)
    actions = [
        (alert.kind, action)
        for alert in bench.desk.rows(AlertWrite)
        for action in alert.doc["actions"]
        if action["commands"] and action["name"] in {"repush", "clear_stale"}
    ]
    assert {kind for kind, _ in actions} == {"OVER_LIMIT", "COMPOSITE_MISMATCH"}
    times = sorted(datetime.fromisoformat(action["at"]) for _, action in actions)
    grace_s = bench.desk.policy.thresholds.grace_s
    assert all((b - a).total_seconds() >= grace_s for a, b in pairwise(times))


async def test_nothing_is_sent_for_a_session_that_another_one_has_taken_the_place_of():
    bench = Bench()
    await bench.begin()
    bench.live.session.flags.add("superseded")
    await bench.run(1200)
    assert bench.live.watch.open_episodes
    assert bench.remedies == []


async def test_one_that_obeys_after_an_operator_was_told_leaves_what_its_last_push_took():
    bench = Bench()
    await bench.begin()
    while not any(each.change == "escalated" for each in bench.desk.rows(AlertWrite)):
        await bench.run(60)
    bench.amps = 16.0
    await bench.run(300)
    episode = bench.live.watch.suspicions["OVER_LIMIT"].episode
    sent = [each for each in episode.actions if each["commands"]]
    assert episode.actions[-1]["name"] == "alert"
    assert episode.actions[-1]["cleared_after_s"] is None
    assert sent[-1]["cleared_after_s"] > 0
    assert sent[-1]["has_helped"]
    (quirk,) = bench.engine.quirks.values()
    assert "ended OVER_LIMIT" in quirk.evidence[-1]


async def test_one_odd_value_of_a_meter_is_asked_about_a_minute_later():
    bench = Bench()
    await bench.begin()
    bench.amps = 16.0
    await bench.run(240)
    bench.wh += 9_000_000
    await bench.run(300)
    assert bench.alert.kind == "METER_ANOMALY"
    confirmed = next(each for each in bench.alert.doc["history"] if each["change"] == "raised")
    asked = [at for at, order in bench.sent if isinstance(order.command, Trigger)]
    raised_s = (datetime.fromisoformat(confirmed["at"]) - after(0)).total_seconds()
    assert all(at - raised_s >= 60 for at in asked)
