"""A sample of the cases is played; the book is complete; docs/conformance.md says what is so."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conformance.applicable import NOT_APPLICABLE
from tests.conformance.book import BROKEN, V16, V201, Case, load
from tests.conformance.catalogue import CERTIFICATION
from tests.conformance.charger import Charger
from tests.conformance.document import is_certification
from tests.conformance.patterns import ANY_INT, Maybe, Subset, differences, in_any_order
from tests.conformance.runner import FAILED, PASSED, play_all
from tests.conformance.schemas import ACTIONS

if TYPE_CHECKING:
    from tests.conformance.stage import Stage

ROOT = Path(__file__).parents[2]
_SAMPLED = 6
DOCUMENT = ROOT / "docs" / "conformance.md"
HEADINGS = {"from station": "from stations", "to station": "to stations"}


def sample() -> list[Case]:
    """The first variant of each sixth certification case; `make conformance` plays all there is."""
    firsts: dict[tuple[str, str], Case] = {}
    for each in load().values():
        if is_certification(each):
            firsts.setdefault((each.version, each.id), each)
    return list(firsts.values())[::_SAMPLED]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_sample_of_the_cases_passes():
    played = asyncio.run(play_all(sample()))
    failed = [
        f"{each.case.name}: {each.reason}" for each in played.results if each.outcome == FAILED
    ]
    assert failed == []
    assert played.troubles == []


def test_every_case_module_imports():
    load()
    assert BROKEN == {}


@pytest.mark.parametrize("version", [V16, V201])
def test_every_certification_case_is_in_the_book_or_has_a_reason(version):
    known = {each.id for each in load().values() if each.version == version}
    excused = {name for name, (of, *_) in NOT_APPLICABLE.items() if of == version}
    assert CERTIFICATION[version] - known - excused == set()
    assert not known & excused


def rows(heading):
    """The cells of each row of a section's table in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    section = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert section is not None, f"there is no section {heading}"
    lines = [each for each in section[1].splitlines() if each.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("version", [V16, V201])
def test_the_document_tells_of_every_certification_case(version):
    cases: dict[str, list[Case]] = {}
    for each in load().values():
        if each.version == version:
            cases.setdefault(each.id, []).append(each)
    told = {name: cells for name, *cells in rows(f"Certification cases of OCPP {version}")}
    official = {name: each for name, each in cases.items() if is_certification(each[0])}
    excused = {name for name, (of, *_) in NOT_APPLICABLE.items() if of == version}
    assert told.keys() == official.keys() | excused, "run python -m tests.conformance --document"
    for name, each in official.items():
        title, where, _, result = told[name]
        assert (title, where) in {(one.title, f"`{one.where}`") for one in each}, name
        assert result == PASSED, f"{name} is told to have {result}"


@pytest.mark.parametrize("version", [V16, V201])
@pytest.mark.parametrize("direction", list(HEADINGS))
def test_the_document_names_a_case_for_every_message(version, direction):
    told = {
        action: cells
        for action, *cells in rows(f"Messages of OCPP {version} {HEADINGS[direction]}")
    }
    assert told.keys() == ACTIONS[version][direction]
    ids = {each.id for each in load().values() if each.version == version}
    for action, (cases, tests) in told.items():
        named = set(re.findall(r"\b(?:TC|X)_\w+", cases))
        assert named, f"no case shows {action}"
        assert named <= ids, f"{action}: {named - ids} are in no book"
        for path in re.findall(r"`([^`:]+)::\w+`", tests):
            assert action in (ROOT / "tests" / path).read_text(encoding="utf-8"), path


@pytest.mark.parametrize(
    ("pattern", "value", "is_so"),
    [
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, {}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": ANY_INT}, {"a": 7}, True),
        ({"a": ANY_INT}, {"a": "7"}, False),
        ({"a": Maybe(1)}, {}, True),
        ({"a": Maybe(1)}, {"a": 2}, False),
        (Subset({"a": 1}), {"a": 1, "b": 2}, True),
        ([1, 2], [1], False),
        ([1, 2], [2, 1], False),
        (in_any_order([1, 2]), [2, 1], True),
        (in_any_order([1, 2]), [2, 2], False),
    ],
)
def test_a_pattern_tells_what_differs(pattern, value, is_so):
    assert (not list(differences(pattern, value))) is is_so


async def wrong_expectation(stage: Stage) -> None:
    """Expects what the operation does not send."""
    charger = await stage.charger()
    await stage.operate(charger, "clear_cache", {}, sends=("Reset", {"type": "Hard"}))


async def wrong_payload(stage: Stage) -> None:
    """Expects another payload than is sent."""
    charger = await stage.charger()
    expected = charger.expects("Reset", {"type": "Soft"})
    await stage.relay(charger, "Reset", {"type": "Hard"})
    await expected


async def uninvited(stage: Stage) -> None:
    """Does not expect the call that comes."""
    charger = await stage.charger()
    await stage.relay(charger, "ClearCache", {})


async def wrong_answer(stage: Stage) -> None:
    """Expects another answer than the station gets."""
    charger = await stage.charger()
    answer = await charger.call("Heartbeat")
    assert answer == {}


async def never_comes(stage: Stage) -> None:
    """Expects a call that never comes, and does not wait for it."""
    charger = await stage.charger()
    charger.expects("ClearCache")


async def ends_unasked(stage: Stage) -> None:
    """Does not expect that the operator's server closes the connection."""
    charger = await stage.charger()
    twin = Charger(charger.url, charger.id, charger.version)
    stage.chargers.append(twin)
    await twin.connect()
    await asyncio.wait_for(asyncio.shield(charger._reading), 20)


async def right(stage: Stage) -> None:
    """Expects what is so."""
    charger = await stage.charger()
    charger.expects("ClearCache", {})
    await stage.relay(charger, "ClearCache", {})


WRONG = {
    wrong_expectation: "never came",
    wrong_payload: "type is 'Hard', not 'Soft'",
    uninvited: "nobody asked for this call: ClearCache",
    wrong_answer: "assert answer == {}",
    never_comes: "ClearCache never came",
    ends_unasked: "closed unasked",
}


@pytest.mark.slow
def test_the_runner_sees_what_is_wrong():
    cases = [
        Case(f"M_{play.__name__}", V16, "Meta", str(play.__doc__), play) for play in (*WRONG, right)
    ]
    played = asyncio.run(play_all(cases))
    for play, reason in WRONG.items():
        found = next(each for each in played.results if each.case.play is play)
        assert found.outcome == FAILED
        assert reason in found.reason
    assert [each.outcome for each in played.results if each.case.play is right] == [PASSED]
