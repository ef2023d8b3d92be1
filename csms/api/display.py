"""What stations were told to do for long, and what they show: firmware, logs, displays."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api, Services
from csms.api.paging import Page
from csms.api.problems import not_found
from csms.domain.follow import Subject
from csms.engine.display import believed
from csms.engine.state import StationState

router = APIRouter(tags=["stations"])


class JobView(BaseModel):
    """What a station told last of a firmware or a log; null where it has told nothing."""

    status: str
    at: AwareDatetime = Field(description="When it told that, in our clock")
    request_id: int | None
    operation_id: str | None = Field(description="The operation that it belongs to")
    locations: list[str] | None = Field(None, description="Where a firmware is published")


class FirmwareView(BaseModel):
    """A station's firmware."""

    station_id: str
    firmware_version: str | None = Field(description="As of its last boot")
    update: JobView | None
    publication: JobView | None


class LogsView(BaseModel):
    """A station's uploads."""

    station_id: str
    log: JobView | None
    diagnostics: JobView | None = Field(description="OCPP 1.6 GetDiagnostics")


class DisplayMessageView(BaseModel):
    """A message that a station is believed to have."""

    id: int
    content: str
    format: str
    language: str | None = None
    priority: str
    state: str | None = None
    start_at: str | None = Field(None, description="As the station was told it")
    end_at: str | None = None
    transaction_id: str | None = None
    told_at: AwareDatetime = Field(description="When we last heard of it")


@router.get("/stations/{station_id}/firmware", response_model=FirmwareView)
async def get_firmware(api: Api, station_id: str) -> Response:
    """How far a station has come with its firmware."""
    record = (await _station(api, station_id)).record
    return answer(
        {
            "station_id": record.id,
            "firmware_version": record.firmware_version,
            "update": _job(record.jobs, Subject.FIRMWARE),
            "publication": _job(record.jobs, Subject.PUBLISH_FIRMWARE),
        }
    )


@router.get("/stations/{station_id}/logs", response_model=LogsView)
async def get_logs(api: Api, station_id: str) -> Response:
    """How far a station has come with an upload."""
    record = (await _station(api, station_id)).record
    return answer(
        {
            "station_id": record.id,
            "log": _job(record.jobs, Subject.LOG),
            "diagnostics": _job(record.jobs, Subject.DIAGNOSTICS),
        }
    )


@router.get("/stations/{station_id}/display-messages", response_model=Page[DisplayMessageView])
async def list_display_messages(api: Api, station_id: str) -> Response:
    """What a station is believed to show, by ID; there is but one page.

    The operation get_display_messages has the station tell it.
    """
    station = await _station(api, station_id)
    items = [with_z(each) for each in believed(station, api.now())]
    return answer({"items": items, "next_cursor": None})


def _job(jobs: dict[str, dict[str, Any]], subject: Subject) -> Any:  # noqa: ANN401 - JSON
    return with_z(jobs.get(subject.value))


async def _station(api: Services, station_id: str) -> StationState:
    station = await api.hub.engine.station(station_id)
    if station is None:
        raise not_found("station", station_id)
    return station
