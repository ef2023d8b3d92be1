from datetime import UTC, datetime, timedelta

import pytest

from csms.cli.drawing import DrawingError, draw, terminal_text
from csms.cli.picture import picture_of, thinned

START = datetime(2026, 11, 21, 6, tzinfo=UTC)
SESSION = {
    "id": "LS-1",
    "station_id": "CP$1$",
    "evse": 1,
    "profile": "fixed-current-16a",
    "started_at": START.isoformat(),
    "ended_at": None,
    "duration_s": 3600,
}


def stamp(second):
    return (START + timedelta(seconds=second)).isoformat()


def sample(second, **told):
    nothing = {
        "register_wh": None,
        "power_w": None,
        "current_a": None,
        "currents_a": [None, None, None],
        "voltages_v": [None, None, None],
    }
    return {"at": stamp(second - 40), "taken_at": stamp(second), **nothing, **told}


def limit(start, end, **values):
    given = {"limit_a": None, "limit_w": None, "phases": 3, **values}
    cause = {"binding": True, "purpose": "TxProfile", "profile_id": 7, "period": 0}
    is_limited = given["limit_a"] is not None or given["limit_w"] is not None
    return {
        "from": stamp(start),
        "to": stamp(end),
        **given,
        "causes": [cause] if is_limited else [],
    }


def episode(start, end, **evidence):
    return {
        "opened_at": stamp(start),
        "cleared_at": None if end is None else stamp(end),
        "kind": "OVER_LIMIT",
        "severity": "major",
        "evidence": evidence,
    }


def seconds(points):
    return [((at - START).total_seconds(), value) for at, value in points]


def test_currents_are_drawn_in_amperes_at_their_corrected_times():
    samples = [sample(120, currents_a=[9.0, 15.9, None]), sample(60, currents_a=[8.0, 8.0, 8.0])]
    picture = picture_of(SESSION, samples, [limit(0, 9000, limit_a=16.0)], [])
    assert picture.unit == "A"
    assert seconds(picture.measured) == [(60, 8.0), (120, 15.9)]
    assert [(step.limit, step.cause) for step in picture.steps] == [(16.0, "TxProfile 7 period 0")]
    assert (picture.steps[0].end - START).total_seconds() == 3600


def test_limits_in_watts_are_drawn_beside_the_power():
    samples = [
        sample(60, power_w=4100.0),
        sample(0, currents_a=[10.0, 10.0, None], voltages_v=[230.0] * 3),
    ]
    picture = picture_of(SESSION, samples, [limit(0, 3600, limit_w=4200.0)], [])
    assert (picture.unit, picture.steps[0].limit) == ("W", 4200.0)
    assert seconds(picture.measured) == [(0, 4600.0), (60, 4100.0)]


def test_either_unit_can_be_asked_for():
    samples = [sample(60, power_w=6900.0)]
    limits = [limit(0, 3600, limit_w=6900.0)]
    assert picture_of(SESSION, samples, limits, [], "A").steps[0].limit == pytest.approx(10)
    assert seconds(picture_of(SESSION, samples, limits, [], "A").measured) == [
        (60, pytest.approx(10))
    ]


def test_a_register_alone_is_drawn_as_the_average_of_each_interval():
    samples = [sample(at, register_wh=wh) for at, wh in ((1800, 2500), (900, 1000), (0, 0))]
    picture = picture_of(SESSION, samples, [limit(0, 3600, limit_w=11000.0)], [])
    assert seconds(picture.measured) == [(0, 4000), (900, 4000), (900, 6000), (1800, 6000)]


def test_an_open_episode_reaches_to_the_end_and_names_its_causes():
    cause = {"purpose": "TxProfile", "profile_id": 7, "period": 2}
    found = picture_of(
        SESSION,
        [],
        [],
        [episode(600, None, measured=31.8, limit=16.0, unit="A", causes=[cause])],
    ).shades[0]
    assert (found.end - START).total_seconds() == 3600
    assert found.about == "31.8 A against 16 A; TxProfile 7 period 2"


def test_thinning_keeps_the_highest_and_the_lowest():
    points = [(START + timedelta(seconds=second), second % 100) for second in range(50_000)]
    points[33_333] = (points[33_333][0], 1e6)
    kept = thinned(points)
    assert len(kept) <= 4000
    assert points[33_333] in kept
    assert kept == sorted(kept)


FULL = picture_of(
    SESSION,
    [sample(at, currents_a=[31.8 if at > 1800 else 16.0] * 3) for at in range(3540, 0, -60)],
    [limit(1800, 9000, limit_a=16.0), limit(60, 1800, limit_a=32.0), limit(0, 60)],
    [episode(1920, None, measured=31.8, limit=16.0, unit="A")],
)
EMPTY = picture_of(SESSION, [], [], [])


@pytest.mark.parametrize("picture", [FULL, EMPTY])
def test_every_session_can_be_drawn_in_the_terminal(picture):
    text = terminal_text(picture, 100, 20, colour=False)
    assert "\x1b" not in text
    assert text.startswith("LS-1  CP$1$ EVSE 1  fixed-current-16a")
    assert ("░" in text.split("by UTC")[0]) == bool(picture.shades)
    assert "06:00" in text
    assert "07:00" in text


@pytest.mark.parametrize("picture", [FULL, EMPTY])
@pytest.mark.parametrize(("ending", "magic"), [("svg", b"<?xml"), ("PNG", b"\x89PNG")])
def test_every_session_can_be_drawn_to_a_file(picture, ending, magic, tmp_path):
    path = tmp_path / f"picture.{ending}"
    draw(picture, path)
    assert path.read_bytes().startswith(magic)


def test_a_file_that_cannot_be_says_why(tmp_path):
    with pytest.raises(DrawingError, match=r"picture.gif: a picture's file ends in .svg or .png"):
        draw(FULL, tmp_path / "picture.gif")
    with pytest.raises(DrawingError, match="cannot write"):
        draw(FULL, tmp_path / "missing" / "picture.svg")


def test_a_profile_that_is_sent_again_is_one_step_of_the_limit():
    default = {"binding": True, "purpose": "TxDefaultProfile", "profile_id": 8, "period": 0}
    between = {**limit(600, 601, limit_a=16.0), "causes": [default]}
    limits = [
        limit(0, 1, limit_a=16.0),
        limit(1, 300, limit_a=16.0),
        limit(300, 600, limit_a=16.0),
        between,
        limit(601, 900, limit_a=16.0),
        limit(900, 3600, limit_a=8.0),
    ]
    picture = picture_of(SESSION, [sample(3600, current_a=8.0)], limits[::-1], [])
    assert [(step.limit, step.cause) for step in picture.steps] == [
        (16.0, "TxProfile 7 period 0"),
        (8.0, "TxProfile 7 period 0"),
    ]
    assert [(step.end - step.start).total_seconds() for step in picture.steps] == [900, 2700]


def test_another_profile_of_the_same_limit_is_a_step_of_its_own():
    other = {"binding": True, "purpose": "TxDefaultProfile", "profile_id": 8, "period": 0}
    limits = [
        limit(0, 600, limit_a=16.0),
        {**limit(600, 1200, limit_a=16.0), "causes": [other]},
    ]
    picture = picture_of(SESSION, [sample(1200, current_a=8.0)], limits[::-1], [])
    assert [step.cause for step in picture.steps] == [
        "TxProfile 7 period 0",
        "TxDefaultProfile 8 period 0",
    ]
