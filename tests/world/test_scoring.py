"""The scorer itself, on logs that a reader can judge."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from simulator.metering.forms import METER_FORMS
from simulator.power.evse import EvseModel
from tests.world.labels import Labelling
from tests.world.record import Alert, Known, Record
from tests.world.score import Scoring
from tests.world.scoring import lag_of
from tests.world.sessions import account
from tests.world.sight import Sight
from tests.world.truth import read

START = datetime(2026, 3, 2, tzinfo=UTC)
INTERVAL_S = 60


def after(seconds):
    return START + timedelta(seconds=seconds)


def text(seconds):
    return after(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(at_s, name, **fields):
    return {"at": text(at_s), "station": "CP1", "event": name, **fields}


def session(**changed):
    """Two hours at CP1, transaction t1, 11 kWh, as the log tells of it at its end."""
    fields = {
        "evse": 1,
        "transaction": "t1",
        "transaction_id": "101",
        "token": "TAG",
        "vehicle": "van",
        "started": text(0),
        "ended": text(7200),
        "started_told": text(0),
        "reason": "Local",
        "told_start_wh": 1000,
        "told_stop_wh": 12_000,
        "register_start_wh": 1000,
        "register_stop_wh": 12_000,
        "drawn_wh": 11_000.4,
        "profiles_accepted": 1,
        "profiles_refused": 0,
    }
    return event(7200, "session", **{**fields, **changed})


def deviation(kind, onset_s, ended_s, **facts):
    clear = {"clear_from": text(onset_s), "clear_s": ended_s - onset_s, "peak": 5.0}
    told = {"kind": kind, "onset": text(onset_s), "ended": text(ended_s), **clear, **facts}
    return event(ended_s, "deviation", state="ended", evse=1, transaction="t1", **told)


def known(**changed):
    fields = {
        "id": "LS-1",
        "station": "CP1",
        "evse": 1,
        "wire_id": "101",
        "duplicate_of": None,
        "state": "ended",
        "started": after(0),
        "started_told": text(0),
        "energy_wh": 11_000,
        "flags": (),
    }
    return Known(**{**fields, **changed})


def alert(kind, confirmed_s, cleared_s=None, session="LS-1", number=1):
    cleared = None if cleared_s is None else after(cleared_s)
    opened, confirmed = after(confirmed_s - 60), after(confirmed_s)
    return Alert(f"A{number}", kind, "major", "CP1", session, opened, confirmed, cleared)


@pytest.fixture
def truth(tmp_path):
    def make(*lines):
        path = tmp_path / "truth.jsonl"
        header = {"truth": 1, "scenario": "made-up", "seed": 1}
        path.write_text("\n".join(json.dumps(each) for each in (header, *lines)) + "\n")
        return read(path)

    return make


@pytest.fixture
def scored(truth):
    """Score alerts against a log with one session and these deviations."""

    def make(deviations, alerts, more=()):
        log = truth(*more, *deviations, session())
        labelling = Labelling(log, INTERVAL_S)
        sessions = account(log, Record([known()], []))
        return Scoring(log, sessions, labelling.labels, labelling.grey).take(list(alerts))

    return make


def figures(score, kind):
    tally = score.tallies[kind]
    return tally.hits, tally.missed, tally.false, tally.grey


@pytest.mark.parametrize(
    ("confirmed_s", "expected"), [(720, (1, 0, 0, 0)), (1400, (0, 1, 0, 0)), (500, (0, 1, 1, 0))]
)
def test_an_alert_counts_from_onset_to_deadline(scored, confirmed_s, expected):
    score = scored([deviation("OVER_LIMIT", 600, 3000)], [alert("OVER_LIMIT", confirmed_s)])
    assert figures(score, "OVER_LIMIT") == expected


def test_kinds_of_one_family_answer_for_each_other_and_others_do_not(scored):
    score = scored([deviation("OVER_LIMIT", 600, 3000)], [alert("NO_RESPONSE", 720)])
    assert figures(score, "OVER_LIMIT") == (1, 0, 0, 0)
    score = scored([deviation("OVER_LIMIT", 600, 3000)], [alert("WRONG_PHASES", 720)])
    assert figures(score, "OVER_LIMIT") == (0, 1, 0, 0)
    assert figures(score, "WRONG_PHASES") == (0, 0, 1, 0)


def test_what_is_hardly_over_or_short_is_neither_found_nor_false(scored):
    for grey in (
        deviation("OVER_LIMIT", 600, 3000, clear_from=None, clear_s=0.0),
        deviation("OVER_LIMIT", 600, 700),
    ):
        assert figures(scored([grey], [alert("OVER_LIMIT", 720)]), "OVER_LIMIT") == (0, 0, 0, 1)
        assert scored([grey], []).total().missed == 0


def test_an_alert_that_goes_on_answers_for_the_next_deviation(scored):
    both = [deviation("OVER_LIMIT", 600, 1500), deviation("OVER_LIMIT", 1700, 3000)]
    score = scored(both, [alert("OVER_LIMIT", 720, cleared_s=3100)])
    assert figures(score, "OVER_LIMIT") == (2, 0, 0, 0)
    score = scored(both, [alert("OVER_LIMIT", 720, cleared_s=1560)])
    assert figures(score, "OVER_LIMIT") == (1, 1, 0, 0)


def test_false_alarms_count_against_hours_without_faults(scored):
    score = scored([], [alert("STALLED", 3600)])
    assert (score.nominal_false, score.nominal_hours) == (1, 2.0)
    assert score.alarms_per_1000_h == 500
    on = event(60, "fault", fault="ignore-limits", evse=1, state="on")
    score = scored([], [alert("STALLED", 3600)], more=[on])
    assert (score.nominal_false, score.nominal_hours) == (0, 0.0)


def test_a_station_that_is_away_need_not_be_judged(scored):
    lost = [event(500, "connection.lost"), event(3200, "connection.opened")]
    score = scored([deviation("OVER_LIMIT", 600, 3000)], [], more=lost)
    assert score.total().missed == 0


def test_too_little_is_a_label_only_where_the_car_was_known_to_take_more(scored):
    facts = {"wants": 16.0, "known": 16.0, "status": "Charging", "limit": 16.0}
    sure = deviation("UNDER_DELIVERY", 600, 4000, **facts)
    assert figures(scored([sure], []), "UNDER_DELIVERY") == (0, 1, 0, 0)
    unknown = deviation("UNDER_DELIVERY", 600, 4000, **{**facts, "known": 6.0})
    assert scored([unknown], []).total().missed == 0


def hidden(log, models):
    labelling = Labelling(log, INTERVAL_S, sight=Sight(log, models))
    return len(labelling.labels), dict(labelling.hidden)


def test_what_a_lying_meter_hides_is_grey_and_so_is_what_is_told_of_it(truth):
    over = deviation("OVER_LIMIT", 600, 3000, limit=10.0, draw=20.0, power_w=4600)
    on = event(60, "fault", fault="power-doubled", evse=1, state="on")
    assert hidden(truth(over, session()), {}) == (1, {})
    assert hidden(truth(on, over, session()), {}) == (0, {"power-doubled": 1})
    other = event(60, "fault", fault="ignore-limits", evse=1, state="on")
    assert hidden(truth(other, over, session()), {}) == (1, {})
    elsewhere = event(60, "fault", fault="power-doubled", evse=2, state="on")
    assert hidden(truth(elsewhere, over, session()), {}) == (1, {})


@pytest.mark.parametrize(("power_w", "expected"), [(4600, 0), (13_800, 1)])
def test_a_lone_phase_over_its_limit_is_not_seen_in_power_alone(truth, power_w, expected):
    over = deviation("OVER_LIMIT", 600, 3000, limit=10.0, draw=20.0, power_w=power_w)
    log = truth(over, session())
    assert hidden(log, {"CP1": EvseModel(meter=METER_FORMS["power-only"])})[0] == expected
    assert hidden(log, {"CP1": EvseModel()})[0] == 1


@pytest.mark.parametrize(
    ("speed", "slow_ms", "lag_s"), [(1, 900, 0), (400, 20, 40), (400, 200, 80), (400, 9000, 300)]
)
def test_deadlines_are_longer_by_what_messages_take_on_a_fast_clock(speed, slow_ms, lag_s):
    assert lag_of(speed, slow_ms) == pytest.approx(lag_s)


def test_sessions_are_found_by_start_by_id_and_by_place(truth):
    log = truth(session())
    for found in (
        known(),
        known(started_told=text(5), wire_id="101"),
        known(started_told=None, wire_id="7", started=after(300)),
    ):
        whole = account(log, Record([found], []))
        assert len(whole.pairs) == 1
        assert whole.is_complete


def test_what_is_missing_doubled_made_up_or_inexact_is_told(truth):
    log = truth(session())
    missing = account(log, Record([], []))
    assert [why for _, why in missing.missing] == [""]
    twice = account(log, Record([known(), known(id="LS-2", started_told=text(90))], []))
    assert [each.id for _, each in twice.doubled] == ["LS-2"]
    extra = account(log, Record([known(), known(id="LS-3", station="CP9")], []))
    assert [each.id for each in extra.extra] == ["LS-3"]
    inexact = account(log, Record([known(energy_wh=10_000)], []))
    assert inexact.pairs[0].off_wh == -1000
    assert not any(each.is_complete for each in (missing, twice, extra, inexact))


def test_a_loss_of_the_stations_own_is_explained(truth):
    lost = event(7201, "message.discarded", action="StartTransaction", transaction="t1")
    whole = account(truth(session(), lost), Record([], []))
    assert [why for _, why in whole.missing] == ["the station threw away StartTransaction"]
    assert whole.is_complete
