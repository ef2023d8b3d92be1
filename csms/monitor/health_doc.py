"""A judgement of a station's health as JSON-able values, for API, alert, log and report. PURE."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from csms.domain.times import format_time
from csms.monitor.health import (
    Assessment,
    Availability,
    availability_of,
    availability_of_evses,
    finding_doc,
    online_share,
)
from csms.monitor.health_trend import Peers, Silence, Trend, changes_doc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.monitor.health_days import Figures

_CODE = "code."
_SHARE_PLACES = 5


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that is known of a station's health in a time: whole days in UTC, the last so far.

    `silences` are those of its EVSEs that are silent.
    """

    since: datetime
    until: datetime
    figures: Figures
    assessment: Assessment
    trend: Trend
    peers: Peers | None
    silences: Mapping[int, Silence]


def judgement_doc(judged: Judgement) -> dict[str, Any]:
    """Returns a judgement as the API shows it."""
    found = judged.assessment
    return {
        "since": format_time(judged.since),
        "until": format_time(judged.until),
        "score": found.score,
        "grade": found.grade,
        "sessions": found.sessions,
        "points": found.points,
        "families": found.families,
        "findings": [finding_doc(each) for each in found.findings],
        "unjudged": list(found.unjudged),
        "availability": availability_doc(judged.figures),
        "codes": codes_of(judged.figures),
        "trend": _trend_doc(judged.trend),
        "peers": None if judged.peers is None else _peers_doc(judged.peers),
        "silent": [
            {
                "evse": evse,
                "days": round(each.days, 2),
                "expected": round(each.expected, 1),
                "chance": float(f"{each.chance:.2g}"),
            }
            for evse, each in sorted(judged.silences.items())
        ],
    }


def availability_doc(figures: Figures) -> dict[str, Any]:
    """Returns how a station's time was spent, and that of each of its EVSEs."""
    evses = [
        {"evse": evse, **place_doc(availability_of(figures[evse]))}
        for evse in sorted(figures)
        if evse
    ]
    station = figures.get(0, {})
    return {
        "online_share": _share(online_share(figures)),
        "offline_s": round(station.get("offline_s", 0.0)),
        "unknown_s": round(station.get("unknown_s", 0.0)),
        **place_doc(availability_of_evses(figures), prefix="evses_"),
        "evses": evses,
    }


def place_doc(found: Availability, prefix: str = "") -> dict[str, Any]:
    """Returns an availability, of one EVSE or of several together."""
    doc: dict[str, Any] = {
        name: round(value) for name, value in asdict(found).items() if value is not None
    }
    doc |= {
        "operative_share": _share(found.operative_share),
        "uptime": _share(found.uptime),
        "mtbf_s": None if found.mtbf_s is None else round(found.mtbf_s),
        "mttr_s": None if found.mttr_s is None else round(found.mttr_s),
    }
    return {f"{prefix}{name}": value for name, value in doc.items()}


def codes_of(figures: Figures) -> dict[str, int]:
    """Returns the error codes that were told of, with how often, the most frequent first."""
    counts: dict[str, int] = {}
    for own in figures.values():
        for name, count in own.items():
            if name.startswith(_CODE):
                code = name.removeprefix(_CODE)
                counts[code] = counts.get(code, 0) + int(count)
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _trend_doc(trend: Trend) -> dict[str, Any]:
    return {
        "direction": trend.direction,
        "score_before": trend.score_before,
        "changes": changes_doc(trend.changes),
    }


def _peers_doc(peers: Peers) -> dict[str, Any]:
    return {**asdict(peers), "is_outlier": peers.is_outlier}


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, _SHARE_PLACES)
