"""What the rounds come to: medians, the ratio, a table and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from _targets import BASELINE, OURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from _rounds import Round
    from _workload import Version

AIM = 5.0
_BUSY = 0.95
_HEAD = (
    f"{'':14}{'messages/s':>11}{'server us/msg':>15}{'PostgreSQL us/msg':>19}"
    f"{'p50 ms':>9}{'p99 ms':>9}   load of one core by server, client, PostgreSQL"
)


@dataclass(frozen=True, slots=True)
class Summary:
    """The medians of one server's rounds in one version; loads are shares of one core."""

    rate: float
    server_us: float
    postgres_us: float
    p50_ms: float
    p99_ms: float
    server_load: float
    client_load: float
    postgres_load: float
    server_calls_per_message: float
    rounds: tuple[dict[str, float], ...]
    notes: tuple[str, ...]


def summarize(rounds: Sequence[Round]) -> Summary:
    """Returns the medians, each over all rounds by itself."""
    return Summary(
        rate=median(each.rate for each in rounds),
        server_us=median(each.server_us for each in rounds),
        postgres_us=median(each.postgres_us for each in rounds),
        p50_ms=median(each.latencies_ms[0] for each in rounds),
        p99_ms=median(each.latencies_ms[1] for each in rounds),
        server_load=median(each.server_load for each in rounds),
        client_load=median(each.client_load for each in rounds),
        postgres_load=median(each.postgres_load for each in rounds),
        server_calls_per_message=median(each.server_calls / each.messages for each in rounds),
        rounds=tuple({"rate": each.rate, "server_us": each.server_us} for each in rounds),
        notes=tuple(_notes(rounds)),
    )


def ratio(summaries: Mapping[str, Summary]) -> float | None:
    """Returns our messages per CPU second of the server over the baseline's; None without both."""
    if OURS not in summaries or BASELINE not in summaries:
        return None
    return summaries[BASELINE].server_us / summaries[OURS].server_us


def write_table(version: Version, summaries: Mapping[str, Summary]) -> None:
    """Prints one version's table, and whether the aim is reached."""
    print(f"\nOCPP {version}\n{_HEAD}")
    for name, found in summaries.items():
        print(
            f"{name:14}{found.rate:11,.0f}{found.server_us:15,.1f}{found.postgres_us:19,.1f}"
            f"{found.p50_ms:9,.1f}{found.p99_ms:9,.1f}   {found.server_load:.0%}, "
            f"{found.client_load:.0%}, {found.postgres_load:.0%}"
        )
    times = ratio(summaries)
    if times is not None:
        ours = summaries[OURS]
        with_database = summaries[BASELINE].server_us / (ours.server_us + ours.postgres_us)
        print(
            f"Messages per CPU second of the server: {times:.1f} times the baseline's, aim "
            f"{AIM:g}: {'reached' if times >= AIM else 'NOT reached'} "
            f"(with PostgreSQL's CPU counted as ours: {with_database:.1f})."
        )
    for name, found in summaries.items():
        for note in found.notes:
            print(f"Note on {name}: {note}")


def as_json(version: Version, summaries: Mapping[str, Summary]) -> dict[str, Any]:
    """Returns one version's figures for a machine."""
    times = ratio(summaries)
    return {
        "version": version,
        "ratio": times,
        "aim": AIM,
        "aim_reached": None if times is None else times >= AIM,
        "targets": {
            name: {field: getattr(found, field) for field in Summary.__slots__}
            for name, found in summaries.items()
        },
    }


def _notes(rounds: Sequence[Round]) -> list[str]:
    notes = []
    if any(each.client_load > _BUSY for each in rounds):
        notes.append("the client filled its core: CPU per message holds, rate and p50 do not")
    elif any(each.client_load + each.postgres_load > _BUSY for each in rounds):
        notes.append(
            "client and PostgreSQL together filled a core; where they share it, CPU per message "
            "holds, rate and p50 do not"
        )
    if not all(each.is_typical for each in rounds):
        shares = ", ".join(f"{each.sample_share:.0%}" for each in rounds)
        notes.append(f"samples were {shares} of the messages, not 71%: measure longer")
    calls, sent = sum(each.server_calls for each in rounds), sum(each.messages for each in rounds)
    if calls:
        notes.append(f"it called the chargers {calls / sent:.3f} times for each message of theirs")
    return notes
