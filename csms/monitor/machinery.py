"""Signs to episodes, the same way for every kind: confirmed, worsened, cleared, opened again. PURE.

Kinds of one family share a row of samples and one open episode; which kind it is, is decided when
it is confirmed, by the strongest that explains the whole row. The table below has what differs.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from csms.monitor import evidence
from csms.monitor.episodes import Change, Episode, Finding, Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from csms.monitor.scene import Scene
    from csms.monitor.signs import Sign
    from csms.monitor.thresholds import Thresholds
    from csms.monitor.watch import Suspicion, Watch


class Rule(NamedTuple):
    """What confirms a kind, and how it goes on.

    `samples` and `seconds` must deviate in a row, but one average of a register is enough where
    `takes_average`. `grows` tells that what lasts long is worse.
    """

    samples: Callable[[Thresholds], int]
    seconds: Callable[[Thresholds], float]
    takes_average: bool = False
    grows: bool = False


def _usual_samples(thresholds: Thresholds) -> int:
    return thresholds.confirm_samples


def _usual_s(thresholds: Thresholds) -> float:
    return thresholds.confirm_s


def _phases_s(thresholds: Thresholds) -> float:
    return thresholds.phases_confirm_s


def _one(thresholds: Thresholds) -> int:
    del thresholds
    return 1


def _at_once(thresholds: Thresholds) -> float:
    del thresholds
    return 0.0


_USUAL: Final = Rule(_usual_samples, _usual_s)
_RULES: Final[Mapping[Kind, Rule]] = {
    Kind.OVER_LIMIT: Rule(_usual_samples, _usual_s, takes_average=True, grows=True),
    Kind.NO_RESPONSE: Rule(_usual_samples, _usual_s, takes_average=True),
    Kind.OUTSIDE_WINDOW: Rule(_usual_samples, _usual_s, takes_average=True),
    Kind.WRONG_PHASES: Rule(_usual_samples, _phases_s),
    Kind.OFFERED_MISMATCH: Rule(_usual_samples, _usual_s),
    Kind.METER_ANOMALY: Rule(_one, _at_once),
}
_FAMILIES: Final[Mapping[Kind, str]] = {Kind.NO_RESPONSE: Kind.OVER_LIMIT.value}
_WEAKER_FIRST: Final = (Kind.OVER_LIMIT, Kind.NO_RESPONSE, Kind.OUTSIDE_WINDOW)


def family_of(sign: Sign) -> str:
    """Returns the name of the row that a sign belongs to."""
    return sign.family or _FAMILIES.get(sign.kind, sign.kind.value)


def advance(watch: Watch, signs: Iterable[Sign], scene: Scene, word: str) -> list[Finding]:
    """Takes a sample's signs, and returns what they change; `word` is the sample's verdict."""
    findings: list[Finding] = []
    for sign in signs:
        family = family_of(sign)
        if hides_others(sign) and not sign.is_sure:
            # The sample is doubtful, and proves nothing by itself: neither for nor against.
            continue
        if sign.deviates:
            findings += _deviating(watch, watch.suspect_family(family), sign, scene, word)
            continue
        known = watch.suspicions.get(family)
        if known is not None:
            findings += _keeping(known, sign, scene)
            if known.is_spent(scene.at, scene.thresholds.reopen_s):
                del watch.suspicions[family]
    return findings


def _keeping(suspicion: Suspicion, sign: Sign, scene: Scene) -> list[Finding]:
    """Takes a sample that speaks against a deviation; enough of them end an episode."""
    suspicion.drop()
    if not sign.clears:
        suspicion.inside.stop()
        return []
    episode, thresholds, at = suspicion.episode, scene.thresholds, scene.at
    if episode is None or not episode.is_open:
        return []
    suspicion.inside.extend(at)
    if not suspicion.inside.is_sure(at, thresholds.clear_samples, thresholds.clear_s):
        return []
    suspicion.inside.stop()
    episode.cleared_at, episode.cleared_because = at, sign.because
    episode.evidence["cleared_received_at"] = scene.known.received_at.isoformat()
    return [Finding(Change.CLEARED, episode)]


def _deviating(
    watch: Watch, suspicion: Suspicion, sign: Sign, scene: Scene, word: str
) -> list[Finding]:
    suspicion.inside.stop()
    is_first = suspicion.deviating.count == 0
    suspicion.deviating.extend(scene.at)
    suspicion.kind = sign.kind.value if is_first else _weaker(suspicion.kind, sign.kind)
    episode = suspicion.episode
    if episode is not None and episode.is_open:
        return _go_on(episode, sign, scene, word)
    if suspicion.evidence is None:
        suspicion.evidence = evidence.begin(scene)
    evidence.collect(suspicion.evidence, sign, scene, word)
    if not _is_confirmed(suspicion, sign, scene):
        return []
    return _open(watch, suspicion, sign, scene)


def _weaker(known: str, kind: Kind) -> str:
    """Returns the kind that explains both: of a family the weaker one."""
    if known == kind.value or kind not in _WEAKER_FIRST or known not in _WEAKER_FIRST:
        return kind.value
    return min(Kind(known), kind, key=_WEAKER_FIRST.index).value


def _is_confirmed(suspicion: Suspicion, sign: Sign, scene: Scene) -> bool:
    """A register's average already spans an interval, so the first one is enough."""
    if sign.is_sure:
        return True
    rule, thresholds = _RULES.get(sign.kind, _USUAL), scene.thresholds
    if rule.takes_average and scene.measured.is_from_register:
        return True
    return suspicion.deviating.is_sure(scene.at, rule.samples(thresholds), rule.seconds(thresholds))


def _open(watch: Watch, suspicion: Suspicion, sign: Sign, scene: Scene) -> list[Finding]:
    at, kind = scene.at, Kind(suspicion.kind)
    since = suspicion.deviating.since or at
    if sign.since is not None and sign.since < since:
        since = sign.since
    old = suspicion.episode
    collected = suspicion.evidence or evidence.begin(scene)
    suspicion.evidence = None
    severity = _severity(kind, sign, since, scene)
    soon = timedelta(seconds=scene.thresholds.reopen_s)
    if (
        old is not None
        and old.kind is kind
        and old.cleared_at is not None
        and at - old.cleared_at <= soon
    ):
        evidence.merge(old.evidence, collected)
        return _reopen(old, severity, at)
    watch.episodes += 1
    episode = Episode(watch.episodes, kind, severity, since, at)
    episode.evidence = evidence.close(collected, scene, severity)
    suspicion.episode = episode
    return [Finding(Change.RAISED, episode)]


def _reopen(old: Episode, severity: Severity, at: datetime) -> list[Finding]:
    old.cleared_at = old.cleared_because = None
    old.evidence.pop("cleared_received_at", None)
    old.evidence["reopened"] = old.evidence.get("reopened", 0) + 1
    old.worsen(severity, at)
    return [Finding(Change.RAISED, old)]


def _go_on(episode: Episode, sign: Sign, scene: Scene, word: str) -> list[Finding]:
    evidence.collect(episode.evidence, sign, scene, word)
    severity = _severity(episode.kind, sign, episode.opened_at, scene)
    change = Change.CHANGED if episode.worsen(severity, scene.at) else Change.UPDATED
    return [Finding(change, episode)]


def _severity(kind: Kind, sign: Sign, since: datetime, scene: Scene) -> Severity:
    """Returns the sign's own severity, raised by one step for what grows and lasts."""
    if sign.severity is not Severity.MINOR or not _RULES.get(kind, _USUAL).grows:
        return sign.severity
    is_long = scene.at - since > timedelta(seconds=scene.thresholds.major_after_s)
    return Severity.MAJOR if is_long else Severity.MINOR


def end(watch: Watch, at: datetime) -> list[Finding]:
    """Clears whatever is open, since the session is over.

    What was raised on arrival of a session that had ended long before lasted no time.
    """
    findings = []
    for episode in watch.open_episodes:
        episode.cleared_at = max(at, episode.opened_at)
        episode.cleared_because = "session_ended"
        findings.append(Finding(Change.CLEARED, episode))
    for suspicion in watch.suspicions.values():
        suspicion.deviating.stop()
    return findings


def hides_others(sign: Sign) -> bool:
    """Tells whether a sample's values are not to be trusted."""
    return sign.deviates and sign.kind is Kind.METER_ANOMALY


def explained(signs: Sequence[Sign], *, is_stuck: bool) -> list[Sign]:
    """Leaves out what a stronger sign of the same sample explains.

    A meter that says what cannot be proves nothing else. A session that does not follow a raised
    limit (`is_stuck`, if that is not sure yet) takes less than it may for that reason, and one
    that is over its limit is offered more.
    """
    telling = {sign.kind for sign in signs if sign.deviates}
    if not telling:
        return list(signs)
    if any(hides_others(sign) for sign in signs):
        return [sign for sign in signs if sign.kind is Kind.METER_ANOMALY]
    hidden: set[Kind] = set()
    if is_stuck or Kind.NO_RESPONSE in telling:
        hidden |= {Kind.UNDER_DELIVERY, Kind.STALLED}
    if telling & {Kind.NO_RESPONSE, Kind.OVER_LIMIT, Kind.OUTSIDE_WINDOW}:
        hidden.add(Kind.OFFERED_MISMATCH)
    return [sign for sign in signs if not sign.deviates or sign.kind not in hidden]
