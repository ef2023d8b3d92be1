"""The members of a session and of its whole story, as the API shows them."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import with_z
from csms.domain.session import Session, SessionState
from csms.engine.views import wh


class CauseView(BaseModel):
    """A period of an installed profile that had a say in a limit."""

    profile_id: int
    purpose: str
    stack_level: int
    period: int
    unit: str
    limit: float | None
    phases: int | None
    binding: bool = Field(description="Whether this is the one that limits")


class LimitView(BaseModel):
    """A limit and what caused it; null means no limit."""

    model_config = {"populate_by_name": True}

    start: AwareDatetime = Field(alias="from")
    to: AwareDatetime
    limit_a: float | None
    limit_w: float | None
    phases: int | None
    ambiguous: bool
    causes: list[CauseView]


class EstimateView(BaseModel):
    """What was told of a session's end at `at`; no times where there was no ground for any."""

    at: AwareDatetime
    p10: AwareDatetime | None = Field(description="One in ten ends before")
    p50: AwareDatetime | None = Field(description="As likely before as after")
    p90: AwareDatetime | None = Field(description="One in ten ends after")
    basis: str = Field(description="soc, history, request, target, tail, window, finished, or none")
    bound: str | None = Field(description="What ends it: energy, departure or window")
    because: str | None = Field(description="Why there is no estimate")
    remaining_wh: float | None
    short_wh: float = Field(description="What will be missing at the end")
    soc: float | None
    target_percent: float | None
    departure: AwareDatetime | None


class CostView(BaseModel):
    """What a session costs: so far, or in the end. Amounts are exact decimal numbers."""

    total: str = Field(description="What is to be paid, VAT included", examples=["3.20"])
    net: str | None
    vat: str | None
    currency: str = Field(examples=["EUR"])
    tariff: str | None = Field(description="The tariff that it began under")
    version: int | None = Field(description="And its version")
    is_final: bool = Field(description="Whether its charge record says so")
    is_estimated: bool
    because: list[str] = Field(description="Why it is an estimate: docs/costs.md")


class SignedView(BaseModel):
    """What the signed meter values of a session prove. See docs/records.md."""

    format: str = Field(examples=["OCMF"])
    state: Literal["valid", "invalid", "unverifiable", "no_key", "inconsistent"]
    why: str
    energy_wh: float | None = Field(description="Between the signed begin and end")
    agrees: bool | None = Field(description="Whether that is the session's energy")
    key_source: Literal["operator", "station", "first_use"] | None


class UsageView(BaseModel):
    """What the time of a session went to, and what held it back: docs/demand.md."""

    waiting_s: int = Field(description="Before anything flowed")
    charging_s: int
    paused_s: int = Field(description="At rest between, before it charged again")
    idle_s: int = Field(description="Since it last flowed: full, and still plugged in")
    peak_w: float | None
    held_back_by: Literal["car", "station", "profile", "site", "none"] | None = Field(
        description="What bound it longest; null: nobody knows"
    )
    held_s: dict[str, int] = Field(description="For how long, by what bound it")
    held_wh: dict[str, float] = Field(description="What the car would have taken beyond")


class SessionView(BaseModel):
    """A charging session."""

    id: str
    station_id: str
    evse: int | None
    connector: int | None
    transaction_id: str | None = Field(description="As on the wire")
    duplicate_of: str | None = Field(
        description="The session that this one repeats and that has its energy"
    )
    token: str | None
    token_status: str | None
    vehicle: str | None = Field(description="As the station told it")
    vehicle_id: str | None = Field(description="The record that it belongs to: docs/vehicles.md")
    account: str | None = Field(description="Who owned its token or vehicle when it began")
    state: SessionState
    charging_state: str | None
    started_at: AwareDatetime = Field(description="By the station's clock, corrected")
    started_at_station: AwareDatetime | None = Field(description="By the station's clock")
    started_received_at: AwareDatetime
    ended_at: AwareDatetime | None = Field(description="By the station's clock, corrected")
    ended_at_station: AwareDatetime | None = Field(description="By the station's clock")
    ended_received_at: AwareDatetime | None
    stop_reason: str | None
    energy_wh: float | None
    cost: CostView | None = Field(
        description="What it costs; null: it began before there were tariffs"
    )
    signed: SignedView | None = Field(
        description="What the meter's signatures prove; null: none came, or it still runs"
    )
    register_wh: float | None
    soc_start: float | None
    soc_now: float | None
    soc_end: float | None
    power_w: float | None
    current_a: float | None
    last_sample_at: AwareDatetime | None
    duration_s: int
    expected_end: EstimateView | None = Field(
        description="When it will have what it wants; null: no estimate"
    )
    usage: UsageView
    profile: str | None
    limit_now: LimitView | None
    deviations_open: int
    flags: list[str]


class SampleView(BaseModel):
    """One meter reading. `at` is the station's own time; currents and voltages are L1 to L3."""

    at: AwareDatetime
    taken_at: AwareDatetime = Field(description="`at` by our clock: the station's, corrected")
    received_at: AwareDatetime
    context: str
    evse: int
    register_wh: float | None
    power_w: float | None
    current_a: float | None
    currents_a: list[float | None]
    voltages_v: list[float | None]
    soc_percent: float | None
    power_offered_w: float | None
    current_offered_a: float | None
    extra: dict[str, Any] = Field(description="What else was sent, by measurand")
    assumed: list[str] = Field(description="Every default or repair")
    verdict: str | None = Field(
        description="What the monitor made of it: ok, over, under, paused or unknown, and why",
        examples=["ok", "over", "ok:taper", "unknown:no_limit"],
    )
    charging_state: str | None = Field(description="What the station had told by then")


class PushView(BaseModel):
    """A profile that was wanted on the station or off it, and what became of it.

    A push goes from wanted to sent to accepted, refused or failed. What was accepted is confirmed
    once the station states the same limits, and observed once its meter keeps to them.
    """

    id: str
    action: str = Field(examples=["SetChargingProfile", "ClearChargingProfile"])
    state: str = Field(
        description="The last step; each has its time",
        examples=[
            "wanted",
            "sent",
            "accepted",
            "refused",
            "failed",
            "disputed",
            "confirmed",
            "observed",
        ],
    )
    profile: str | None
    form: list[str] = Field(
        description="In what form it was sent, and what was changed to fit the station"
    )
    charging_profile: dict[str, Any] | None
    wanted_at: AwareDatetime
    sent_at: AwareDatetime | None
    answered_at: AwareDatetime | None
    accepted_at: AwareDatetime | None = Field(description="If the station agreed")
    confirmed_at: AwareDatetime | None = Field(
        description="When the station first stated the same limits as in force"
    )
    disputed_at: AwareDatetime | None = Field(
        description="When it last stated other limits as in force"
    )
    differences: list[dict[str, Any]] = Field(description="Where those differed")
    doubt: str | None = Field(description="Why it could not be confirmed")
    observed_at: AwareDatetime | None = Field(
        description="The first sample that kept to it while it was what limits"
    )
    status: str | None = Field(description="The station's word")
    reason: str | None
    request: dict[str, Any] | None = Field(description="The payload as it was sent")


class EventView(BaseModel):
    """What the station said of the transaction. `at` is its own time."""

    key: str = Field(description="Made of the content; a retry has the same")
    kind: str
    at: AwareDatetime
    received_at: AwareDatetime
    repeats: int
    details: dict[str, Any]


def sample_view(row: Mapping[str, Any], session: Session) -> dict[str, Any]:
    """Returns a sample of a session."""
    plain = ("context", "evse", "power_w", "current_a", "soc_percent")
    return {
        "at": with_z(row["at"]),
        "taken_at": with_z(session.placed(row["at"], row["received_at"])),
        "received_at": with_z(row["received_at"]),
        **{name: row[name] for name in plain},
        "register_wh": wh(row["register_milliwh"]),
        "currents_a": [row["i1"], row["i2"], row["i3"]],
        "voltages_v": [row["v1"], row["v2"], row["v3"]],
        "power_offered_w": row["power_offered_w"],
        "current_offered_a": row["current_offered_a"],
        "extra": row["extra"] or {},
        "assumed": row["assumed"].split(",") if row["assumed"] else [],
        "verdict": row["verdict"],
        "charging_state": row["charging_state"],
    }


def push_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a profile push."""
    doc = row["doc"]
    answered_at = with_z(doc.get("answered_at"))
    is_agreed = row["state"] in _AGREED
    times = ("confirmed_at", "disputed_at", "observed_at")
    return {
        "id": row["id"],
        "action": row["action"],
        "state": row["state"],
        "profile": doc.get("profile"),
        "form": doc.get("form") or [],
        "charging_profile": with_z(doc.get("charging_profile")),
        "wanted_at": with_z(row["wanted_at"]),
        "sent_at": with_z(doc.get("sent_at")),
        "answered_at": answered_at,
        "accepted_at": answered_at if is_agreed else None,
        **{name: with_z(doc.get(name)) for name in times},
        "differences": doc.get("differences") or [],
        "doubt": doc.get("doubt"),
        "status": doc.get("status"),
        "reason": doc.get("reason"),
        # As sent: not even the form of a time is changed.
        "request": doc.get("request"),
    }


_AGREED = frozenset({"accepted", "disputed", "confirmed", "observed"})


def event_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an event of the transaction."""
    return {
        "key": row["key"],
        "kind": row["kind"],
        "at": with_z(row["at"]),
        "received_at": with_z(row["received_at"]),
        "repeats": row["repeats"],
        "details": row["doc"],
    }
