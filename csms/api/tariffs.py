"""Tariffs as OCPI 2.2.1 has them, their versions, and the rules that say who takes which."""

import asyncio
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Path, Response
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.paging import Page
from csms.api.problems import FieldError, conflict, field_errors, invalid, invalid_field, not_found
from csms.api.records import BillView, session_row
from csms.billing import (
    TariffInvalid,
    advise,
    dump_bill,
    dump_tariff,
    price_session,
    read_tariff,
)
from csms.engine.pricing import price_of
from csms.engine.tariff_rules import MOST_RULES, TariffRule, check_rules
from csms.engine.tariffs import GONE, OF_SETTINGS, dump_rules, writes_of_rules
from csms.engine.writes import RecordWrite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csms.billing import Finding, Tariff
    from csms.engine.tariffs import TariffBook, TariffVersion

TariffBody = Annotated[dict[str, Any], WithJsonSchema({"$ref": "#/components/schemas/OcpiTariff"})]
RulesBody = Annotated[
    dict[str, Any], WithJsonSchema({"$ref": "#/components/schemas/TariffAssignments"})
]
TariffId = Annotated[str, Path(max_length=100)]

router = APIRouter(tags=["tariffs"])


class OcpiTariff(BaseModel):
    """A tariff. Source: OCPI 2.2.1, 11.3.1. What is left out of id, party and time is ours."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(examples=["day-night"])
    country_code: str
    party_id: str
    currency: str = Field(examples=["EUR"])
    elements: list[dict[str, Any]] = Field(
        description="Price components with their restrictions; the first that fits counts"
    )
    last_updated: AwareDatetime


class VersionView(BaseModel):
    """A version of a tariff. Sessions keep the one that they began under."""

    version: int
    made_at: AwareDatetime = Field(description="Since when sessions that begin take it")
    tariff: OcpiTariff


class Advice(BaseModel):
    """What is legal and surely not meant."""

    field: str = Field(examples=["elements[1].restrictions"])
    message: str


class Checked(BaseModel):
    """A tariff as it was understood, and what is odd about it."""

    tariff: OcpiTariff
    advice: list[Advice]
    ignored: list[str] = Field(description="Members that OCPI 2.2.1 does not know")


class Quote(BaseModel):
    """A session and a tariff: an ID or OCPI JSON. Either `session` or `session_id`."""

    model_config = ConfigDict(extra="forbid")

    tariff: str | dict[str, Any]
    session: dict[str, Any] | None = None
    session_id: str | None = Field(None, description="A session of ours that is over")
    time_zone: str | None = Field(None, description="Of the station; by default the setting")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.session is None) == (self.session_id is None):
            raise ValueError("give either session or session_id")
        return self


class TariffAssignments(BaseModel):
    """The rules, all of them. The most special one that fits decides, of equal ones the first."""

    model_config = ConfigDict(extra="forbid")

    rules: tuple[TariffRule, ...] = Field(max_length=MOST_RULES)


@router.get("/tariffs", response_model=Page[OcpiTariff])
async def list_tariffs(api: Api) -> Response:
    """All tariffs, by ID; there is but one page. `settings` is what the settings say."""
    book = _book(api)
    found = [book.newest(tariff_id) for tariff_id in book.ids()]
    return answer({"items": [each.doc for each in found if each], "next_cursor": None})


@router.post("/tariffs/check", response_model=Checked)
async def check_tariff(api: Api, body: TariffBody) -> Response:
    """Says how a tariff is understood and what is odd about it; nothing is kept."""
    tariff = _read(api, body, {"id": "checked"})
    return answer(await asyncio.to_thread(_checked, tariff))


@router.post("/tariffs/quote", response_model=BillView)
async def quote(api: Api, body: Quote) -> Response:
    """What a session comes to under a tariff; nothing is kept.

    The session is one of ours, or made of points, of start, end and energy, or of OCPI charging
    periods: docs/tariffs.md.
    """
    if isinstance(body.tariff, str):
        version = _known(api, body.tariff)
        if not version.is_readable:
            raise invalid_field("tariff", f"{version.id} cannot be read as it is stored: write it")
        tariff = version.tariff
    else:
        tariff = _read(api, body.tariff, {"id": "quoted"}, "tariff.")
    policy = api.hub.engine.policy
    if body.session_id is not None:
        row = await session_row(api, body.session_id)
        bill = await price_of(api.hub.engine, row.id, tariff)
        if bill is None:
            raise not_found("session", body.session_id)
        return answer(dump_bill(bill))
    try:
        zone = policy.default_zone if body.time_zone is None else ZoneInfo(body.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        message = f"there is no time zone {body.time_zone!r}; write it as Europe/Stockholm"
        raise invalid_field("time_zone", message) from None
    try:
        bill = await asyncio.to_thread(
            price_session, tariff, body.session, zone, policy.series, "session"
        )
    except TariffInvalid as error:
        raise invalid(_errors(error.findings)) from None
    return answer(dump_bill(bill))


@router.get("/tariffs/{tariff_id}", response_model=OcpiTariff)
async def get_tariff(api: Api, tariff_id: TariffId) -> Response:
    """One tariff as OCPI JSON; the ETag is the number of its version."""
    return _shown(_known(api, tariff_id))


@router.put(
    "/tariffs/{tariff_id}",
    response_model=OcpiTariff,
    responses={201: {"model": OcpiTariff, "description": "It is new"}},
)
async def put_tariff(api: Api, tariff_id: TariffId, body: TariffBody) -> Response:
    """Writes a tariff: a new version, unless it says what the present one says.

    Sessions that have begun keep the version that they began under.
    """
    if tariff_id.partition(":")[0] == OF_SETTINGS:
        raise conflict("tariff-from-settings", f"{tariff_id} comes from the settings [prices]")
    if body.get("id", tariff_id) != tariff_id:
        raise invalid_field("id", f"must be {tariff_id!r}, as in the address")
    tariff = _read(api, body, {"id": tariff_id})
    is_new = not _book(api).is_known(tariff_id)
    made = await api.durably(_save(api, tariff_id, tariff))
    return _shown(made, HTTPStatus.CREATED if is_new else HTTPStatus.OK)


@router.delete("/tariffs/{tariff_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_tariff(api: Api, tariff_id: TariffId) -> Response:
    """Has no further session take a tariff; those that did keep it. 409 while a rule names it."""
    _known(api, tariff_id)
    if tariff_id.partition(":")[0] == OF_SETTINGS:
        raise conflict("tariff-from-settings", f"{tariff_id} comes from the settings [prices]")
    users = _book(api).rules.users_of(tariff_id)
    if users:
        detail = f"{tariff_id} is assigned by {'; '.join(users[:5])}"
        raise conflict("tariff-assigned", f"{detail}: change /tariff-assignments first")
    await api.durably(_delete(api, tariff_id))
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/tariffs/{tariff_id}/versions", response_model=Page[VersionView])
async def list_versions(api: Api, tariff_id: TariffId) -> Response:
    """All versions of a tariff, the newest first, also of one that was deleted."""
    known = _book(api).versions(tariff_id)
    if not known:
        raise not_found("tariff", tariff_id)
    items = [
        {"version": each.version, "made_at": each.made_at, "tariff": each.doc}
        for each in reversed(known)
    ]
    return answer({"items": items, "next_cursor": None})


@router.get("/tariff-assignments", response_model=TariffAssignments)
async def get_assignments(api: Api) -> Response:
    """The rules that say which tariff a session takes."""
    return answer({"rules": dump_rules(_book(api).rules)["rules"]})


@router.put("/tariff-assignments", response_model=TariffAssignments)
async def put_assignments(api: Api, body: RulesBody) -> Response:
    """Writes the rules anew, for sessions that begin from now on.

    A rule on the token beats one on the account, that one on the station, that one on the site,
    that one for all; without any, the settings count.
    """
    try:
        rules = TariffAssignments.model_validate(body).rules
    except ValidationError as error:
        raise invalid(field_errors(error.errors())) from None
    findings = check_rules(rules, _book(api).is_known)
    if findings:
        raise invalid([FieldError(field=each.field, message=each.message) for each in findings])
    return answer(await api.durably(_save_rules(api, rules)))


def _book(api: Services) -> "TariffBook":
    return api.hub.engine.policy.tariffs


def _known(api: Services, tariff_id: str) -> "TariffVersion":
    found = _book(api).newest(tariff_id)
    if found is None:
        raise not_found("tariff", tariff_id)
    return found


def _read(
    api: Services, body: dict[str, Any], defaults: dict[str, Any], path: str = ""
) -> "Tariff":
    """Returns the tariff of a body, whose party is ours where it names none."""
    party = api.hub.engine.policy.party
    given = {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "last_updated": _z(api.now()),
        **defaults,
    }
    try:
        return read_tariff(body, given)
    except TariffInvalid as error:
        raise invalid(_errors(error.findings, path)) from None


def _errors(findings: "Iterable[Finding]", path: str = "") -> list[FieldError]:
    return [FieldError(field=f"{path}{each.field}", message=each.message) for each in findings]


def _checked(tariff: "Tariff") -> dict[str, Any]:
    advice = [{"field": each.field, "message": each.message} for each in advise(tariff)]
    return {"tariff": dump_tariff(tariff), "advice": advice, "ignored": list(tariff.ignored)}


def _shown(version: "TariffVersion", status: HTTPStatus = HTTPStatus.OK) -> Response:
    shown = answer(version.doc, status)
    shown.headers["ETag"] = f'"{version.version}"'
    return shown


async def _save(api: Services, tariff_id: str, tariff: "Tariff") -> "TariffVersion":
    book = _book(api)
    made, is_new = book.put(tariff_id, tariff, api.now())
    if is_new:
        try:
            await api.hub.store.submit([made.write(), RecordWrite(GONE, tariff_id, None)])
        except BaseException:
            book.forget_version(made)
            raise
    return made


async def _delete(api: Services, tariff_id: str) -> None:
    doc = {"at": api.now().isoformat()}
    await api.hub.store.submit([RecordWrite(GONE, tariff_id, doc)])
    _book(api).delete(tariff_id)


async def _save_rules(api: Services, rules: tuple[TariffRule, ...]) -> dict[str, Any]:
    book = _book(api)
    made = book.next_rules(rules, api.now())
    await api.hub.store.submit(writes_of_rules(made))
    book.take_rules(made)
    return {"rules": dump_rules(made)["rules"]}


def _z(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
