"""What is known of a station, and what its operator decided about it. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from csms.domain.facts import Registration

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SITE = "default"


@dataclass(slots=True, kw_only=True)
class Station:
    """One charging station.

    `password_hash` is None for a station that needs no credentials (security profile 0).
    `protocol` is the OCPP version of its last connection, for display. `ping_interval_s` None
    means the server's default. `pong_required` False is for stations that never answer a ping.
    `clock` is what is known of a clock that was wrong, for `StationClock.load`.
    `takeovers` is the open episode of too frequent takeovers, if there is one, and `over_limit`
    that of all EVSEs together drawing more than the station may; `security_alerts` are those of
    security events, by type, `without_session` what charges without a session and which remote
    starts none has followed, by kind and EVSE, `health` that of what it does badly by its score.
    `out_of_service` are the places (EVSE and connector, such as 1.0) that an operator has put so.
    `deviations` are the thresholds that differ for
    this station, by name.
    `meters` is how the last session at each EVSE ended, for `csms.engine.meter_start`, and
    `meter_keys` what its meter signs with, by EVSE and whose word it is (`csms.engine.meter_keys`).
    `default_profile` and `max_profile` name the profiles of the catalogue that are to stand on the
    station with and without a session. `capabilities` is what it said that it can take, `standing`
    what became of its standing profiles, by purpose; both JSON-able. `jobs` is what it told last
    of firmware and logs, by subject, `display` the messages believed on its display, by ID.
    `features` is what it said that it can do at all (`csms.domain.features`), `limits_told` how
    many `items` and `bytes` it takes in one message, by action; the operator's
    `items_per_message` outweighs that.
    `provisioning` is what became of the settings that are wanted on it. `time_with_milliseconds`
    is for stations that misread a time without a fraction. `max_message_kib` is the longest message
    that is taken from it, None for what is usual.
    """

    id: str
    registration: Registration = Registration.ACCEPTED
    security_profile: int = 0
    password_hash: str | None = None
    new_passwords: list[dict[str, Any]] = field(default_factory=list)
    next_security_profile: int | None = None
    network_profiles: dict[str, int] = field(default_factory=dict)
    default_protocol: str | None = None
    site: str = DEFAULT_SITE
    items_per_message: dict[str, int] = field(default_factory=dict)
    certificate_common_name: str | None = None
    ping_interval_s: float | None = None
    pong_required: bool = True
    takeovers: dict[str, Any] | None = None
    over_limit: dict[str, Any] | None = None
    security_alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    without_session: dict[str, dict[str, Any]] = field(default_factory=dict)
    health: dict[str, Any] | None = None
    out_of_service: list[str] = field(default_factory=list)
    deviations: dict[str, float] = field(default_factory=dict)
    meters: dict[str, dict[str, Any]] = field(default_factory=dict)
    meter_keys: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    default_profile: str | None = None
    max_profile: str | None = None
    capabilities: dict[str, Any] | None = None
    features: dict[str, bool] = field(default_factory=dict)
    limits_told: dict[str, dict[str, int]] = field(default_factory=dict)
    provisioning: dict[str, Any] | None = None
    time_with_milliseconds: bool = False
    max_message_kib: int | None = None
    standing: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    display: dict[str, dict[str, Any]] = field(default_factory=dict)
    vendor: str | None = None
    model: str | None = None
    serial_number: str | None = None
    firmware_version: str | None = None
    protocol: str | None = None
    booted_at: datetime | None = None
    clock: list[list[float]] | None = None
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    created_at: datetime | None = None


def dump_station(station: Station) -> dict[str, Any]:
    """Returns the record as JSON-able values, for the store."""
    return {name: getattr(station, name) for name in Station.__slots__}


def load_station(doc: Mapping[str, Any]) -> Station:
    """Returns the station that `dump_station` described, with times as text or datetimes."""
    values = {name: doc[name] for name in Station.__slots__ if name in doc}
    for name in ("booted_at", "connected_at", "disconnected_at", "created_at"):
        if isinstance(values.get(name), str):
            values[name] = datetime.fromisoformat(values[name])
    values["registration"] = Registration(values.get("registration", Registration.ACCEPTED))
    return Station(**values)
