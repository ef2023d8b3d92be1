"""What a model of station has been seen to need, and what an operator has set for it.

One record for each vendor and model. What the operator sets outweighs what was learned; a record
that cannot be read is left out and said so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from csms.engine.writes import RecordWrite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.station import Station
    from csms.engine.engine import Engine
    from csms.engine.work import Work

QUIRKS = "quirks"
_EVIDENCE_KEPT = 10


class Form(StrEnum):
    """In what way a profile differs from how it was meant to be sent."""

    AS_IS = "as_is"
    LEVEL = "level"
    UNIT = "unit"
    KIND = "kind"
    PHASES = "phases"
    DEFAULT = "default"


class QuirkValues(BaseModel):
    """What may be known of a model; null where nothing is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_stack_level: int | None = Field(
        default=None, ge=0, description="The highest stack level that it really takes"
    )
    units: tuple[Literal["A", "W"], ...] | None = Field(
        default=None, min_length=1, description="The units of limits that it really takes"
    )
    kind: Literal["Absolute", "Relative"] | None = Field(
        default=None, description="The kind of profile that it takes"
    )
    number_phases: bool | None = Field(
        default=None, description="false: it takes no numberPhases in a period"
    )
    max_periods: int | None = Field(
        default=None, ge=1, description="The periods that it really takes"
    )
    gap_value: float | None = Field(
        default=None, ge=-1, description="The limit in its composite schedule where nothing limits"
    )
    keeps_zero_profile: bool | None = Field(
        default=None, description="true: a profile of 0 A outlives its transaction"
    )
    ignores_tx_profile: bool | None = Field(
        default=None, description="true: it obeys TxDefaultProfile and ChargePointMaxProfile only"
    )
    resume_s: float | None = Field(
        default=None, ge=0, description="What it takes to charge again after a pause, seconds"
    )
    current_sense: Literal["max", "sum"] | None = Field(
        default=None, description="What a current without a phase is: of one phase, or of all"
    )
    forms: tuple[Form, ...] | None = Field(
        default=None, description="The order in which a refused profile is tried in other forms"
    )

    def overlaid(self, other: Self) -> Self:
        """Returns these values with those that `other` gives put over them."""
        given = {
            name: value
            for name in type(self).model_fields
            if (value := getattr(other, name)) is not None
        }
        return self.model_copy(update=given)


NOTHING = QuirkValues()


@dataclass(frozen=True, slots=True)
class Quirk:
    """What is known of one model: learned, and set by an operator, with the evidence."""

    key: str
    learned: QuirkValues = NOTHING
    set_by_operator: QuirkValues = NOTHING
    seen_at: datetime | None = None
    evidence: tuple[str, ...] = field(default=())

    @property
    def values(self) -> QuirkValues:
        """What counts."""
        return self.learned.overlaid(self.set_by_operator)


def key_of(record: Station) -> str | None:
    """Returns the key of a station's model, None before it has told what it is."""
    if not record.vendor and not record.model:
        return None
    return normal_key(f"{record.vendor or ''}:{record.model or ''}")


def normal_key(text: str) -> str:
    """Returns a key as all are written: small letters, single blanks, no slash."""
    parts = (" ".join(part.split()) for part in text.lower().replace("/", "_").split(":"))
    return ":".join(parts)


def of(engine: Engine, record: Station) -> QuirkValues:
    """Returns what counts for a station's model."""
    key = key_of(record)
    known = None if key is None else engine.quirks.get(key)
    return NOTHING if known is None else known.values


def learn(engine: Engine, work: Work, why: str, **values: Any) -> None:  # noqa: ANN401 - the fields of QuirkValues
    """Remembers of the station's model what was seen, with a sentence that says how.

    Raises:
        pydantic.ValidationError: if a value cannot be one.
    """
    record = work.station.record
    key = key_of(record)
    if key is None:
        return
    known = engine.quirks.get(key) or Quirk(key)
    learned = known.learned.overlaid(QuirkValues.model_validate(values))
    told = f"{work.now.isoformat(timespec='seconds')} {work.station.id}: {why}"
    if record.firmware_version:
        told += f" (firmware {record.firmware_version})"
    is_new = learned != known.learned
    if not is_new and known.seen_at is not None and (work.now - known.seen_at).days < 1:
        return
    evidence = (*known.evidence, told)[-_EVIDENCE_KEPT:] if is_new else known.evidence
    quirk = replace(known, learned=learned, seen_at=work.now, evidence=evidence)
    engine.quirks[key] = quirk
    work.writes.append(RecordWrite(QUIRKS, key, dump(quirk)))
    if is_new:
        work.note("quirk.learned", model=key, why=why, **values)


def note(engine: Engine, work: Work, why: str) -> None:
    """Adds a sentence to the evidence of the station's model, from which no value follows."""
    key = key_of(work.station.record)
    if key is None:
        return
    known = engine.quirks.get(key) or Quirk(key)
    told = f"{work.now.isoformat(timespec='seconds')} {work.station.id}: {why}"
    evidence = (*known.evidence, told)[-_EVIDENCE_KEPT:]
    engine.quirks[key] = quirk = replace(known, seen_at=work.now, evidence=evidence)
    work.writes.append(RecordWrite(QUIRKS, key, dump(quirk)))


def with_set(known: Quirk | None, key: str, values: QuirkValues) -> Quirk:
    """Returns what is known of a model with what an operator sets for it."""
    return replace(known or Quirk(key), set_by_operator=values)


def dump(quirk: Quirk) -> dict[str, Any]:
    """Returns a record as JSON-able values."""
    return {
        "learned": quirk.learned.model_dump(mode="json", exclude_none=True),
        "set": quirk.set_by_operator.model_dump(mode="json", exclude_none=True),
        "seen_at": None if quirk.seen_at is None else quirk.seen_at.isoformat(),
        "evidence": list(quirk.evidence),
    }


def load(key: str, doc: Mapping[str, Any]) -> Quirk:
    """Returns the record that `dump` described.

    Raises:
        KeyError, TypeError, ValueError: if it described none.
    """
    seen_at = doc.get("seen_at")
    return Quirk(
        key,
        QuirkValues.model_validate(doc.get("learned") or {}),
        QuirkValues.model_validate(doc.get("set") or {}),
        None if seen_at is None else datetime.fromisoformat(seen_at),
        tuple(str(each) for each in doc.get("evidence") or ()),
    )


def load_all(docs: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Quirk], dict[str, str]]:
    """Returns the records that can be read, and of each other one what is wrong with it."""
    found: dict[str, Quirk] = {}
    wrong: dict[str, str] = {}
    for key, doc in docs.items():
        try:
            found[key] = load(key, doc)
        except (KeyError, TypeError, ValueError, ValidationError) as error:
            wrong[key] = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return found, wrong
