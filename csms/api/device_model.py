"""What stations told of their device model: variables, monitors, and what these reported."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import not_found
from csms.store.archive import Span, VariableFilter

router = APIRouter(tags=["device model"])

_ACTUAL = "Actual"
_PLACE = ("component", "component_instance", "evse", "connector", "variable", "instance")


class VariableView(BaseModel):
    """A variable, or a configuration key of OCPP 1.6, as it was last told."""

    station_id: str
    component: str = Field(description="Empty for a configuration key of OCPP 1.6")
    component_instance: str | None
    evse: int | None
    connector: int | None
    variable: str
    instance: str | None
    value: str | None = Field(
        description="The Actual value; null where it was not told, or may not"
    )
    values: dict[str, str] = Field(description="All values, by attribute type")
    attributes: dict[str, dict[str, Any]] = Field(
        description="By attribute type: mutability, persistent, constant, and `awaits_reboot`, the "
        "value that was set and counts after the next boot"
    )
    characteristics: dict[str, Any] = Field(description="unit, data_type, min_limit, max_limit …")
    told_at: AwareDatetime


class MonitorView(BaseModel):
    """A monitor that a station has, as far as it has told."""

    id: int
    component: str
    component_instance: str | None
    evse: int | None
    connector: int | None
    variable: str
    instance: str | None
    type: str
    value: float
    severity: int
    transaction: bool
    told_at: AwareDatetime


class MonitoringEventView(BaseModel):
    """What a monitor, or the station itself, found."""

    event_id: int
    component: str
    component_instance: str | None
    evse: int | None
    connector: int | None
    variable: str
    instance: str | None
    at: AwareDatetime = Field(description="In our clock")
    at_station: AwareDatetime | None = Field(description="As the station wrote it")
    received_at: AwareDatetime
    trigger: str
    value: str
    cleared: bool
    notification: str
    cause: int | None = Field(description="The ID of the event that brought this one about")
    monitor_id: int | None
    transaction_id: str | None
    tech_code: str | None
    tech_info: str | None


class FleetQuery(PageQuery):
    """Which variables. Names compare without regard to case."""

    component: str | None = Field(None, max_length=200)
    variable: str | None = Field(None, max_length=200)
    evse: int | None = Field(None, ge=0, le=2**31 - 1)
    value: str | None = Field(None, max_length=2500, description="The exact Actual value")
    q: str | None = Field(None, max_length=200, description="A part of a name or of the value")

    def filter(self, station: str | None) -> VariableFilter:
        """Returns the filter for one station, or for all."""
        given = (self.component, self.variable, self.evse, self.value, self.q)
        return VariableFilter(station, *given)


class EventQuery(PageQuery):
    """Which events. Names compare without regard to case."""

    component: str | None = Field(None, max_length=200)
    variable: str | None = Field(None, max_length=200)


@router.get("/variables", response_model=Page[VariableView])
async def list_all_variables(api: Api, query: Annotated[FleetQuery, Query()]) -> Response:
    """Variables of all stations, by station and name."""
    return await _variables(api, None, query)


@router.get("/stations/{station_id}/variables", response_model=Page[VariableView])
async def list_variables(
    api: Api, station_id: str, query: Annotated[FleetQuery, Query()]
) -> Response:
    """What a station told of its variables, by name."""
    await _require(api, station_id)
    return await _variables(api, station_id, query)


@router.get("/stations/{station_id}/monitors", response_model=Page[MonitorView])
async def list_monitors(
    api: Api, station_id: str, query: Annotated[PageQuery, Query()]
) -> Response:
    """The monitors that a station has told of, by ID."""
    await _require(api, station_id)
    rows = await api.archive.monitors(station_id, Span(query.limit + 1, query.after(int)))
    return answer(page(rows, query.limit, lambda row: (row["monitor_id"],), _monitor))


@router.get("/stations/{station_id}/monitoring-events", response_model=Page[MonitoringEventView])
async def list_monitoring_events(
    api: Api, station_id: str, query: Annotated[EventQuery, Query()]
) -> Response:
    """What a station's monitors found, the newest first."""
    await _require(api, station_id)
    span = Span(query.limit + 1, query.after(datetime, str, int))
    rows = await api.archive.monitoring_events(station_id, query.component, query.variable, span)
    shown = page(
        rows,
        query.limit,
        lambda row: (row["received_at"], row["message_id"], row["place"]),
        _event,
    )
    return answer(shown)


async def _variables(api: Services, station_id: str | None, query: FleetQuery) -> Response:
    span = Span(query.limit + 1, query.after(str, str))
    rows = await api.archive.variables(query.filter(station_id), span)
    shown = page(rows, query.limit, lambda row: (row["station_id"], row["key"]), _variable)
    return answer(shown)


async def _require(api: Services, station_id: str) -> None:
    if await api.hub.engine.station(station_id) is None:
        raise not_found("station", station_id)


def _variable(row: Mapping[str, Any]) -> dict[str, Any]:
    attributes: dict[str, dict[str, Any]] = {}
    for name, value in row["attributes"].items():
        kind, _, what = name.partition(".")
        known = attributes.setdefault(kind, {})
        if value is not None and not (what == "awaits_reboot" and value == row["told"].get(kind)):
            known[what] = value
    return {
        "station_id": row["station_id"],
        **{name: row[name] for name in _PLACE},
        "value": row["told"].get(_ACTUAL),
        "values": row["told"],
        "attributes": attributes,
        "characteristics": row["characteristics"],
        "told_at": with_z(row["told_at"]),
    }


def _monitor(row: Mapping[str, Any]) -> dict[str, Any]:
    doc = row["doc"]
    return {
        "id": row["monitor_id"],
        **{name: doc.get(name) for name in _PLACE},
        **{name: doc[name] for name in ("type", "value", "severity", "transaction")},
        "told_at": with_z(row["told_at"]),
    }


def _event(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: row["doc"].get(name) for name in MonitoringEventView.model_fields}
    times = {name: _time(row["doc"].get(name)) for name in ("at", "at_station")}
    return shown | times | {"received_at": with_z(row["received_at"])}


def _time(text: str | None) -> Any:  # noqa: ANN401 - as with_z
    return None if text is None else with_z(datetime.fromisoformat(text))
