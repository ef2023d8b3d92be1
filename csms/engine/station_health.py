"""STATION_HEALTH: a station has turned bad by what it does, and stays so.

The open episode, or the wait for one, is in the station's record, so that a restart raises nothing
anew. What is taken is a judgement as `csms.monitor.health_doc` makes it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.times import format_time
from csms.engine.writes import AlertWrite
from csms.monitor.episodes import Severity, StationKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.engine.health_settings import HealthSettings
    from csms.engine.work import Work

BAD_FAMILY: Final = 25.0
"""The points that one family has to take to be told of, whatever the score."""
GOOD_FAMILY: Final = 15.0
SEVERE: Final = 50.0

_SILENCE: Final = "silence"
_CHANGES_KEPT: Final = 50
_TOLD: Final = ("score", "grade", "since", "until", "sessions", "families", "findings", "silent")


def is_due(record: Mapping[str, Any] | None, doc: Mapping[str, Any], rules: HealthSettings) -> bool:
    """Tells whether a judgement may change anything, for who wants its evidence looked up."""
    return record is not None or _is_bad(doc, rules)


def take(work: Work, doc: Mapping[str, Any], rules: HealthSettings) -> None:
    """Takes a judgement: raises the alert, keeps it up to date, or clears it."""
    known = work.station.record.health
    if known is None or "id" not in known:
        _wait(work, known, doc, rules)
        return
    if not _is_good(doc, rules):
        _go_on(work, known, doc)
        return
    good_since = known.get("good_since") or format_time(work.now)
    if _lasts(good_since, work.now, rules):
        _clear(work, known, doc)
    elif known.get("good_since") is None:
        _keep(work, {**known, "good_since": good_since})


def _is_bad(doc: Mapping[str, Any], rules: HealthSettings) -> bool:
    families = doc["families"]
    is_low = doc["score"] is not None and doc["score"] < rules.raise_below
    worst = max(families.values(), default=0.0)
    return is_low or worst >= BAD_FAMILY or bool(families.get(_SILENCE))


def _is_good(doc: Mapping[str, Any], rules: HealthSettings) -> bool:
    """Tells whether an open alert may be over: there is a little room between bad and good."""
    families = doc["families"]
    is_high = doc["score"] is None or doc["score"] >= rules.clear_at
    worst = max(families.values(), default=0.0)
    return is_high and worst < GOOD_FAMILY and not families.get(_SILENCE)


def _lasts(since: str, now: datetime, rules: HealthSettings) -> bool:
    return now - datetime.fromisoformat(since) >= timedelta(hours=rules.stay_h)


def _wait(
    work: Work, known: Mapping[str, Any] | None, doc: Mapping[str, Any], rules: HealthSettings
) -> None:
    """Raises what has been bad for long enough."""
    if not _is_bad(doc, rules):
        if known is not None:
            _keep(work, None)
        return
    bad_since = known["bad_since"] if known else format_time(work.now)
    if not _lasts(bad_since, work.now, rules):
        if known is None:
            _keep(work, {"bad_since": bad_since})
        return
    now = format_time(work.now)
    severity = _severity(doc)
    episode = {
        "id": f"{work.station.id}-HEALTH-{work.now:%Y%m%dT%H%M%S}",
        "bad_since": bad_since,
        "confirmed_at": now,
        "severity": severity.value,
        "history": [{"at": now, "change": "raised", "severity": severity.value}],
        "evidence": _evidence(doc),
    }
    _keep(work, episode)
    work.writes.append(_alert(work, episode, "raised"))
    work.warn("station.health_bad", None, **_line(episode))


def _go_on(work: Work, known: Mapping[str, Any], doc: Mapping[str, Any]) -> None:
    """Keeps the evidence of an open alert up to date, and tells when it gets worse."""
    severity, change = Severity(known["severity"]), None
    history = list(known["history"])
    if _severity(doc).rank > severity.rank:
        severity, change = _severity(doc), "changed"
        told = {"at": format_time(work.now), "change": change, "severity": severity.value}
        history = [*history, told][-_CHANGES_KEPT:]
    evidence = _evidence(doc)
    if change is None and evidence == known["evidence"] and not known.get("good_since"):
        return
    episode = {**known, "severity": severity.value, "history": history, "evidence": evidence}
    episode.pop("good_since", None)
    _keep(work, episode)
    work.writes.append(_alert(work, episode, change))
    if change is not None:
        work.warn("station.health_worse", None, **_line(episode))


def _clear(work: Work, known: Mapping[str, Any], doc: Mapping[str, Any]) -> None:
    now = format_time(work.now)
    told = {"at": now, "change": "cleared", "severity": known["severity"]}
    episode = {
        **known,
        "history": [*known["history"], told],
        "cleared_at": now,
        "cleared_because": "recovered",
    }
    _keep(work, None)
    work.writes.append(_alert(work, episode, "cleared"))
    work.note("station.health_good", None, alert=known["id"], score=doc["score"])


def _severity(doc: Mapping[str, Any]) -> Severity:
    is_severe = doc["score"] is not None and doc["score"] < SEVERE
    return Severity.MAJOR if is_severe or doc["families"].get(_SILENCE) else Severity.MINOR


def _evidence(doc: Mapping[str, Any]) -> dict[str, Any]:
    return {name: doc[name] for name in _TOLD if name in doc}


def _line(episode: Mapping[str, Any]) -> dict[str, Any]:
    evidence = episode["evidence"]
    return {
        "alert": episode["id"],
        "severity": episode["severity"],
        "score": evidence["score"],
        "findings": [each["says"] for each in evidence["findings"][:5]],
        "help": "docs/alerts.md#station_health",
    }


def _keep(work: Work, episode: dict[str, Any] | None) -> None:
    work.station.record.health = episode
    work.save_station()


def _alert(work: Work, episode: Mapping[str, Any], change: str | None) -> AlertWrite:
    doc = {
        "confirmed_at": episode["confirmed_at"],
        "cleared_at": episode.get("cleared_at"),
        "cleared_because": episode.get("cleared_because"),
        "history": list(episode["history"]),
        "evidence": dict(episode["evidence"]),
    }
    return AlertWrite(
        episode["id"],
        work.station.id,
        None,
        StationKind.STATION_HEALTH.value,
        episode["severity"],
        "open" if episode.get("cleared_at") is None else "cleared",
        datetime.fromisoformat(episode["bad_since"]),
        doc,
        change,
    )
