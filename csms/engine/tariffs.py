"""The operator's tariffs: every version that ever held, and which one a session takes.

A version never changes, so a session keeps what it began under by its ID and number alone. What
the settings say as [prices] is a tariff of its own, `settings`, and `settings:SITE` where a site
has prices that differ; it is what holds where no rule does.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog

from csms.billing import TariffInvalid, dump_tariff, read_tariff, tariff_of_prices
from csms.domain.token import TokenRef
from csms.engine.records import SETTINGS
from csms.engine.tariff_rules import Payer, RuleSet, TariffRule
from csms.engine.writes import RecordWrite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from csms.billing import Prices, Tariff
    from csms.domain.session import Session
    from csms.domain.station import Station
    from csms.engine.ports import Store
    from csms.engine.writes import Write

VERSIONS: Final = "tariff_versions"
"""The collection of all versions of all tariffs, by ID and number."""
GONE: Final = "tariffs_deleted"
"""The collection of the tariffs that were deleted: their versions stay."""
RULES: Final = "tariff-assignments"
"""The newest rules among the settings; older ones are in a collection of this name."""
OF_SETTINGS: Final = "settings"
_RULES_KEPT = 20
_LONGEST_SITE, _CUT_SITE = 27, 18
_ALWAYS = datetime.min.replace(tzinfo=UTC)
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

log = structlog.get_logger("engine")


class FrozenTariff(NamedTuple):
    """One version of a tariff, as a session keeps it."""

    id: str
    version: int
    tariff: Tariff

    @property
    def ref(self) -> dict[str, Any]:
        """What a session remembers of it."""
        return {"id": self.id, "version": self.version}


@dataclass(slots=True)
class TariffVersion:
    """A version as it is stored. `made_at` is when it began to hold for sessions that begin."""

    id: str
    version: int
    made_at: datetime
    doc: Mapping[str, Any]
    _tariff: Tariff | None = field(default=None, repr=False)

    @property
    def tariff(self) -> Tariff:
        """The tariff, read when it is first asked for."""
        if self._tariff is None:
            self._tariff = read_tariff(self.doc)
        return self._tariff

    @property
    def is_readable(self) -> bool:
        """Whether it can be read; what cannot, as no present version writes it, is logged."""
        try:
            return self.tariff is not None
        except TariffInvalid as error:
            log.error("record.skipped", collection=VERSIONS, name=self.id, why=str(error)[:300])  # noqa: TRY400 - its message tells
            return False

    def frozen(self) -> FrozenTariff:
        """Returns it as a session takes it."""
        return FrozenTariff(self.id, self.version, self.tariff)

    def says(self, tariff: Tariff) -> bool:
        """Tells whether it is that tariff, but for when it was written."""
        known = self.is_readable and replace(self.tariff, last_updated=tariff.last_updated)
        return known == tariff

    def write(self) -> RecordWrite:
        """Returns the write that keeps it for ever."""
        doc = {
            "id": self.id,
            "version": self.version,
            "made_at": self.made_at.isoformat(),
            "doc": dict(self.doc),
        }
        return RecordWrite(VERSIONS, f"{self.id}@{self.version}", doc)


class TariffBook:
    """All tariffs with their versions, oldest first, and the rules, newest last."""

    def __init__(self, party: tuple[str, str] = ("ZZ", "ZZZ")) -> None:
        self.party = party
        self._versions: dict[str, list[TariffVersion]] = {}
        self._gone: set[str] = set()
        self._rules: list[RuleSet] = [RuleSet()]
        self._settings: tuple[Prices, dict[str, TariffVersion]] | None = None

    @property
    def rules(self) -> RuleSet:
        """The rules that hold now."""
        return self._rules[-1]

    def ids(self) -> list[str]:
        """The IDs of all tariffs that there are, in order."""
        return sorted(self._versions.keys() - self._gone)

    def is_known(self, tariff_id: str) -> bool:
        """Tells whether there is such a tariff."""
        return tariff_id in self._versions and tariff_id not in self._gone

    def newest(self, tariff_id: str) -> TariffVersion | None:
        """Returns the version that holds now; None if there is no such tariff."""
        return self._versions[tariff_id][-1] if self.is_known(tariff_id) else None

    def versions(self, tariff_id: str) -> list[TariffVersion]:
        """Returns all versions, oldest first, also of a deleted tariff."""
        return list(self._versions.get(tariff_id, ()))

    def version(self, ref: Mapping[str, Any]) -> FrozenTariff | None:
        """Returns the version that a session remembers."""
        for each in self._versions.get(ref["id"], ()):
            if each.version == ref["version"] and each.is_readable:
                return each.frozen()
        return None

    def frozen_of(self, session: Session) -> FrozenTariff | None:
        """Returns the tariff that a session began under; None if it has none yet."""
        return None if session.tariff is None else self.version(session.tariff)

    def of(
        self,
        prices: Prices,
        payer: Payer,
        started_at: datetime,
        as_of: datetime | None = None,
    ) -> FrozenTariff:
        """Returns the tariff of a session that starts at `started_at`.

        Rules and versions are taken as they were at `as_of`, so that what is changed later does
        not touch a session which is known by then, and whose token comes only now.
        """
        rule = self._rules_at(as_of).choose(
            payer, started_at, lambda name: self._usable(name, started_at, as_of) is not None
        )
        found = None if rule is None else self._usable(rule.tariff, started_at, as_of)
        return (found or self.of_settings(prices, payer.site)).frozen()

    def of_settings(self, prices: Prices, site: str) -> TariffVersion:
        """Returns what the settings say of a site, a new version where they have changed."""
        if self._settings is None or self._settings[0] is not prices:
            self._settings = (prices, {})
        known = self._settings[1]
        if site not in known:
            price = prices.of(site)
            is_own = site in prices.by_site and price != prices.general
            tariff_id = _id_of(site) if is_own else OF_SETTINGS
            known[site] = self._taken(
                tariff_id, tariff_of_prices(price, tariff_id, _LONG_AGO, self.party), _ALWAYS
            )
        return known[site]

    def put(self, tariff_id: str, tariff: Tariff, now: datetime) -> tuple[TariffVersion, bool]:
        """Takes a tariff; a new version only if it says something else. Also returns if it is."""
        before = self.newest(tariff_id)
        made = self._taken(tariff_id, tariff, now)
        return made, made is not before

    def forget_version(self, version: TariffVersion) -> None:
        """Takes back a version that could not be stored."""
        known = self._versions.get(version.id, [])
        if version in known:
            known.remove(version)
        if not known:
            self._versions.pop(version.id, None)

    def delete(self, tariff_id: str) -> None:
        """Has a tariff taken by no further session; its versions stay."""
        self._gone.add(tariff_id)

    def next_rules(self, rules: Sequence[TariffRule], now: datetime) -> RuleSet:
        """Returns rules that may hold from now on, once `take_rules` has taken them."""
        return RuleSet(self.rules.version + 1, now, tuple(rules))

    def take_rules(self, rules: RuleSet) -> None:
        """Has rules hold from when they were made."""
        self._rules = [*self._rules[-_RULES_KEPT:], rules]

    def load(
        self,
        versions: Iterable[Mapping[str, Any]],
        gone: Iterable[str],
        rules: Iterable[Mapping[str, Any]],
    ) -> None:
        """Takes what was stored; what cannot be read is logged and left out."""
        for doc in versions:
            try:
                made = TariffVersion(
                    doc["id"], doc["version"], datetime.fromisoformat(doc["made_at"]), doc["doc"]
                )
                self._versions.setdefault(made.id, []).append(made)
            except (KeyError, TypeError, ValueError) as error:
                log.error("record.skipped", collection=VERSIONS, name=str(doc)[:80], why=str(error))  # noqa: TRY400 - its message tells
        for known in self._versions.values():
            known.sort(key=lambda each: each.version)
        self._gone.update(gone)
        kept = sorted((_load_rules(doc) for doc in rules), key=lambda each: each.version)
        self._rules = [RuleSet(), *kept][-_RULES_KEPT:]

    def _taken(self, tariff_id: str, tariff: Tariff, now: datetime) -> TariffVersion:
        known = self._versions.setdefault(tariff_id, [])
        newest = known[-1] if known else None
        is_there = newest is not None and tariff_id not in self._gone
        if newest is not None and is_there and newest.says(tariff):
            return newest
        number = 1 if newest is None else newest.version + 1
        made = TariffVersion(tariff_id, number, now, dump_tariff(tariff), tariff)
        known.append(made)
        self._gone.discard(tariff_id)
        return made

    def _usable(self, tariff_id: str, at: datetime, as_of: datetime | None) -> TariffVersion | None:
        """Returns the version that held at an instant, if a session that starts may take it."""
        if not self.is_known(tariff_id):
            return None
        known = self._versions[tariff_id]
        found = next(
            (each for each in reversed(known) if as_of is None or each.made_at <= as_of), known[0]
        )
        return found if found.is_readable and found.tariff.is_valid_at(at) else None

    def _rules_at(self, as_of: datetime | None) -> RuleSet:
        if as_of is None:
            return self.rules
        return next(
            (each for each in reversed(self._rules) if each.made_at <= as_of), self._rules[0]
        )


def _id_of(site: str) -> str:
    """Returns the ID of a site's own prices: with its name, as far as OCPI allows it."""
    name = site
    if not (site.isascii() and site.isprintable() and len(site) <= _LONGEST_SITE):
        plain = re.sub(r"[^A-Za-z0-9-]", "", site)[:_CUT_SITE]
        name = f"{plain}-{zlib.crc32(site.encode()):08x}"
    return f"{OF_SETTINGS}:{name}"


def payer_of(station: Station, session: Session) -> Payer:
    """Returns what rules ask of a session."""
    token = None
    if session.token is not None:
        token = TokenRef(session.token, session.token_kind)
    return Payer(station.id, station.site, token, session.account)


def dump_rules(rules: RuleSet) -> dict[str, Any]:
    """Returns rules as they are stored."""
    return {
        "version": rules.version,
        "made_at": rules.made_at.isoformat(),
        "rules": [rule.model_dump(mode="json", exclude_none=True) for rule in rules.rules],
    }


def writes_of_rules(rules: RuleSet) -> list[Write]:
    """Returns what makes new rules durable: they are the newest, and a version that was kept."""
    doc = dump_rules(rules)
    writes: list[Write] = [
        RecordWrite(SETTINGS, RULES, doc),
        RecordWrite(RULES, str(rules.version), doc),
    ]
    if rules.version > _RULES_KEPT:
        writes.append(RecordWrite(RULES, str(rules.version - _RULES_KEPT), None))
    return writes


async def load_tariffs(store: Store, book: TariffBook, prices: Prices, now: datetime) -> None:
    """Puts what is stored into the book, and stores what the settings have made of it.

    Raises:
        DatabaseUnavailable: if the store is away.
    """
    versions = await store.load_records(VERSIONS)
    gone = await store.load_records(GONE)
    rules = await store.load_records(RULES)
    book.load(versions.values(), gone, rules.values())
    made = [book.of_settings(prices, site) for site in ("", *prices.by_site)]
    for each in made:
        if f"{each.id}@{each.version}" not in versions:
            each.made_at = now
            # Nobody waits for it: whoever writes to the database does not run yet.
            store.submit([each.write()])


def _load_rules(doc: Mapping[str, Any]) -> RuleSet:
    rules: list[TariffRule] = []
    for index, each in enumerate(doc.get("rules", ())):
        try:
            rules.append(TariffRule.model_validate(each))
        except ValueError as error:
            why = " ".join(str(error).split())[:300]
            log.error("record.skipped", collection=RULES, name=f"rules[{index}]", why=why)  # noqa: TRY400 - its message tells
    return RuleSet(doc["version"], datetime.fromisoformat(doc["made_at"]), tuple(rules))
