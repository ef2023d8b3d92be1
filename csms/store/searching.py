"""Finding sessions by what somebody typed: which statements answer it, and why each session fits.

Whoever is found exactly comes before what is only alike, and that before what is part of an ID;
among equals the newest is first. Every statement reads a bounded part of an index, so that neither
what many sessions have in common nor what none has takes long (docs/search.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.misheard_ids import near_ids
from csms.domain.typed_ids import fold
from csms.domain.typed_search import fold_name
from csms.store.finds import Finds, Found, Grade, Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence

    from csms.domain.session_ids import SessionIdFormat
    from csms.domain.typed_ids import TypedId
    from csms.domain.typed_search import Asked, Word
    from csms.domain.typed_times import Span
    from csms.store.postgres import PostgresStore

ALWAYS: Final = (datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
_PROBE, _MANY = 300, 1000
"""So many sessions are looked at for each word of several, and for the rarest of them."""
_SURE_END, _LAST_TWO, _LAST_THREE, _LEAST_PIECE = 5, 2, 3, 4
_MOST_STATIONS: Final = 20
_LONGEST: Final = timedelta(days=7)
"""Sessions that ran at a moment are looked for among those that began no longer ago."""


@dataclass(frozen=True, slots=True)
class Names:
    """What is known of names beside the sessions: stations by ID, and records of people.

    `vehicle` and `account` return the record that a text names, `identities` the references that
    it may be.
    """

    stations: Collection[str] = ()
    vehicle: Callable[[str], str | None] = lambda _: None
    account: Callable[[str], str | None] = lambda _: None
    identities: Callable[[str], Sequence[str]] = lambda _: ()


class SessionSearch:
    """Looks sessions up in a PostgreSQL store."""

    def __init__(self, store: PostgresStore, names: Names, id_format: SessionIdFormat) -> None:
        self._store, self._names, self._format = store, names, id_format
        self._has_pieces: bool | None = None

    async def find(self, asked: Asked, limit: int) -> Finds:
        """Returns the sessions that were meant, at most about `limit` of them.

        Raises:
            DatabaseUnavailable: if the database is away.
        """
        finds = Finds()
        if asked.whole is not None and len(asked.words) != 1:
            finds = await self._read_out(asked.whole, limit)
        if asked.name is not None and not finds.found:
            async for grade, why, rows in self._people(asked.name, asked.name.text, ALWAYS, limit):
                _take(finds, rows, grade, why, limit)
        for words in (asked.words, asked.apart):
            if words and not finds.found:
                finds = await self._fitting(words, limit)
        if not finds.found and asked.whole is not None:
            finds = await self.near(asked.whole, limit)
        return finds

    async def _fitting(self, words: Sequence[Word], limit: int) -> Finds:
        if len(words) == 1:
            return await self._word(words[0], ALWAYS, limit)
        return await self._all_of(words, limit)

    async def near(self, typed: TypedId, limit: int) -> Finds:
        """Returns the sessions with an ID that is one slip away, the likeliest slips alone."""
        slips = near_ids(typed, self._format)
        finds = Finds()
        if not slips:
            return finds
        rows = await self._rows("search_whole", list(slips), ALWAYS, _MANY)
        likely = [(slips[fold(row["id"])], row) for row in rows]
        likely.sort(key=lambda each: each[0][0])
        for (_, slip), row in likely[:limit]:
            finds.take(row, Grade.NEAR, f"ID but for {slip}")
        finds.is_cut = len(likely) > limit
        return finds

    async def meant(self, typed: TypedId) -> list[str]:
        """Returns the IDs of the sessions that a whole ID may stand for, the newest first.

        What was completed may as well have been the end of another one, which is then told too.
        """
        rows = await self._rows("search_whole", list(typed.whole), ALWAYS, 6)
        exact = [row["id"] for row in rows if fold(row["id"]) in typed.exact]
        if exact or not rows:
            return exact
        finds = Finds()
        _take(finds, rows, Grade.COMPLETED, "", _MANY)
        await self._ends(finds, typed, ALWAYS, 6)
        return [each.row["id"] for each in finds.best(6)]

    async def _read_out(self, whole: TypedId, limit: int) -> Finds:
        """Looks for an ID in several pieces; a short one could as well be several words."""
        finds = Finds()
        is_sure = await self._whole(finds, whole, ALWAYS, limit)
        if not is_sure and len(whole.typed) >= _SURE_END:
            await self._ends(finds, whole, ALWAYS, limit)
        return finds

    async def _all_of(self, words: Sequence[Word], limit: int) -> Finds:
        """Looks for what fits all words: what fits the rarest is held against the others.

        Times are no word to begin with: they bound what is looked for by the others.
        """
        spans = [word.span for word in words if word.span is not None]
        others = [word for word in words if word.span is None]
        between = _within(spans)
        if not others:
            return await self._word(words[-1], between, limit)
        probes = [await self._word(word, between, _PROBE) for word in others]
        rarest = min(range(len(others)), key=lambda index: _density(probes[index]))
        first = probes[rarest]
        if first.is_cut:
            first = await self._word(others[rarest], between, _MANY)
        rest = [index for index in range(len(others)) if index != rarest]
        both = Finds(is_cut=first.is_cut)
        for session_id, found in first.found.items():
            told = [self._why(others[index], probes[index], found.row) for index in rest]
            told += [_why_at(found.row, span) for span in spans]
            reasons = [why for why in told if why is not None]
            if len(reasons) == len(told):
                both.found[session_id] = Found(found.row, found.grade, found.because + reasons)
        return both

    def _why(self, word: Word, probe: Finds, row: Row) -> str | None:
        """Returns why a session fits a word, None if it does not."""
        known = probe.found.get(row["id"])
        if known is not None:
            return known.because[0]
        if not probe.is_cut:
            return None
        if word.amount is not None and row["cost"] == word.amount.value:
            return f"cost {row['cost']} {row['currency']}"
        if word.name is not None:
            return self._why_name(word, word.name, row)
        ends = () if word.id is None else word.id.ends
        return "ID ends so" if fold(row["id"]).endswith(ends) and ends else None

    def _why_name(self, word: Word, text: str, row: Row) -> str | None:
        folded = fold_name(text)
        for kind, column in _NAMED.items():
            if word.may_be(kind) and row[column] and fold_name(row[column]) == folded:
                return f"{kind} {row[column]}"
        if word.may_be("station") and folded in fold_name(row["station_id"]):
            return f"station {row['station_id']}"
        is_vehicle = row["vehicle_id"] is not None and row["vehicle_id"] == self._names.vehicle(
            text
        )
        if word.may_be("vehicle") and (
            is_vehicle or not set(self._names.identities(text)).isdisjoint(row["identities"] or ())
        ):
            return f"vehicle {text}"
        is_account = row["account"] is not None and row["account"] == self._names.account(text)
        return f"account {text}" if word.may_be("account") and is_account else None

    async def _word(self, word: Word, between: tuple[datetime, datetime], limit: int) -> Finds:
        finds = Finds()
        if word.span is not None:
            await self._span(finds, word, between, limit)
        if word.amount is not None and word.may_be("cost"):
            rows = await self._rows("search_cost", word.amount.value, between, limit + 1)
            wanted = word.amount.currency
            for row in rows:
                if wanted in {None, row["currency"]}:
                    finds.take(row, Grade.NAMED, f"cost {row['cost']} {row['currency']}")
            finds.is_cut |= len(rows) > limit
        if word.id is not None and word.may_be("id"):
            await self._id(finds, word.id, between, limit)
        if word.name is not None:
            await self._name(finds, word, between, limit)
        return finds

    async def _span(
        self, finds: Finds, word: Word, between: tuple[datetime, datetime], limit: int
    ) -> None:
        span = word.span
        assert span is not None  # noqa: S101 - who calls has looked
        if span.is_moment:
            rows = await self._rows("search_running", span.since, between, limit + 1)
        else:
            rows = await self._rows("search_span", None, _within([span]), limit + 1)
        for row in rows:
            finds.take(row, Grade.NAMED, _why_then(row, span))
        finds.is_cut |= len(rows) > limit

    async def _id(
        self, finds: Finds, typed: TypedId, between: tuple[datetime, datetime], limit: int
    ) -> None:
        if await self._whole(finds, typed, between, limit):
            return
        has_completed = bool(finds.found)
        if not has_completed or len(typed.typed) > _LAST_THREE:
            await self._ends(finds, typed, between, limit)
        if has_completed:
            return
        if len(typed.typed) > _LAST_TWO:
            rows = await self._rows("search_begins", typed.typed, between, limit + 1)
            _take(finds, rows, Grade.BEGINNING, "ID begins so", limit)
        if len(typed.typed) >= _LEAST_PIECE and not finds.found:
            name = "search_pieces" if await self._looks_for_pieces() else "search_newest"
            _take(
                finds,
                await self._rows(name, typed.typed, between, limit + 1),
                Grade.PART,
                "ID contains it",
                limit,
            )

    async def _whole(
        self, finds: Finds, typed: TypedId, between: tuple[datetime, datetime], limit: int
    ) -> bool:
        """Looks for whole IDs; tells whether one is it, with nothing to be completed."""
        rows = await self._rows("search_whole", list(typed.whole), between, limit)
        exact = [row for row in rows if fold(row["id"]) in typed.exact]
        for row in exact:
            finds.take(row, Grade.ALIKE, "ID")
        for row in () if exact else rows:
            finds.take(row, Grade.COMPLETED, "ID, completed")
        return bool(exact)

    async def _ends(
        self, finds: Finds, typed: TypedId, between: tuple[datetime, datetime], limit: int
    ) -> None:
        for end in typed.ends:
            name = {_LAST_TWO: "search_last_two", _LAST_THREE: "search_last_three"}.get(len(end))
            rows = await self._rows(name or "search_ends", end[::-1], between, limit + 1)
            _take(finds, rows, Grade.END, "ID ends so", limit)

    async def _name(
        self, finds: Finds, word: Word, between: tuple[datetime, datetime], limit: int
    ) -> None:
        text = word.name or ""
        folded = fold_name(text)
        if folded:
            rows = await self._rows("search_names", folded, between, limit + 1, text, fold(text))
            for row in rows:
                kind = row.pop("kind")
                if word.may_be(kind):
                    finds.take(row, Grade.NAMED, _why_named(kind, row, text))
            finds.is_cut |= len(rows) > limit
        async for grade, why, rows in self._people(word, text, between, limit):
            _take(finds, rows, grade, why, limit)
        if word.may_be("station") and len(folded) > 1:
            await self._stations(finds, folded, between, limit)

    async def _people(
        self, word: Word, text: str, between: tuple[datetime, datetime], limit: int
    ) -> AsyncIterator[tuple[Grade, str, list[Row]]]:
        if word.may_be("vehicle"):
            record = self._names.vehicle(text)
            if record is not None:
                rows = await self._rows("search_vehicle_record", record, between, limit + 1)
                yield Grade.NAMED, f"vehicle {text}", rows
            shown = list(self._names.identities(text))
            if shown:
                rows = await self._rows("search_identities", shown, between, limit + 1)
                yield Grade.NAMED, f"vehicle {text}", rows
        account = self._names.account(text) if word.may_be("account") else None
        if account is not None:
            rows = await self._rows("search_account", account, between, limit + 1)
            yield Grade.NAMED, f"account {text}", rows

    async def _stations(
        self, finds: Finds, folded: str, between: tuple[datetime, datetime], limit: int
    ) -> None:
        """Looks for the stations that a text is part of the name of."""
        named = [each for each in self._names.stations if folded in fold_name(each)]
        partly = [each for each in named if fold_name(each) != folded]
        if not partly or len(partly) > _MOST_STATIONS:
            return
        rows = await self._rows("search_stations", partly, between, limit + 1)
        for row in rows:
            finds.take(row, Grade.PART, f"station {row['station_id']}")
        finds.is_cut |= len(rows) > limit

    async def _looks_for_pieces(self) -> bool:
        if self._has_pieces is None:
            rows = await self._store.look_up("has_pieces")
            self._has_pieces = bool(rows[0]["found"])
        return self._has_pieces

    async def _rows(
        self,
        name: str,
        wanted: Any,  # noqa: ANN401 - an SQL value
        between: tuple[datetime, datetime],
        limit: int,
        *more: str,
    ) -> list[Row]:
        values = (wanted, *between, limit, *more)
        return [dict(row) for row in await self._store.look_up(name, *values)]


def _take(finds: Finds, rows: Iterable[Row], grade: Grade, why: str, limit: int) -> None:
    count = 0
    for row in rows:
        finds.take(row, grade, why)
        count += 1
    finds.is_cut |= count > limit


def _within(spans: Sequence[Span]) -> tuple[datetime, datetime]:
    """Returns when a session can have begun that fits all these times."""
    since, until = ALWAYS
    for span in spans:
        earliest = span.since - _LONGEST if span.is_moment else span.since
        since, until = max(since, earliest), min(until, span.until)
    return since, until


def _density(finds: Finds) -> float:
    """Tells how many sessions a day fit, to compare words by: 0 where all that do are there."""
    if not finds.is_cut:
        return 0.0
    times = [each.row["started_at"] for each in finds.found.values()]
    days = (max(times) - min(times)).total_seconds() / 86_400 if times else 0.0
    return len(times) / max(days, 0.01)


def _why_at(row: Mapping[str, Any], span: Span) -> str | None:
    """Returns why a session fits a time, None if it does not."""
    ended_at, is_moment = row["ended_at"], span.is_moment
    has_ended = is_moment and ended_at is not None and ended_at < span.since
    is_before = not is_moment and row["started_at"] < span.since
    if row["started_at"] >= span.until or has_ended or is_before:
        return None
    return _why_then(row, span)


def _why_then(row: Mapping[str, Any], span: Span) -> str:
    if not span.is_moment or row["started_at"] >= span.since:
        return "began then"
    return "ran then"


def _why_named(kind: str, row: Mapping[str, Any], text: str) -> str:
    if kind in _NAMED:
        return f"{kind} {row[_NAMED[kind]]}"
    return f"{kind} {text}" if kind == "transaction" else f"ID {text} where it was imported from"


_NAMED: Final = {
    "station": "station_id",
    "token": "token",
    "vehicle": "vehicle",
    "record": "record",
}
