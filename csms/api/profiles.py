"""The catalogue of named profiles, and the rules that say who gets which."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.paging import Page
from csms.api.problems import FieldError, Problem, conflict, invalid, not_found
from csms.engine.records import (
    ASSIGNMENTS,
    PROFILES,
    SETTINGS,
    dump_profile,
    dump_rules,
    load_profile,
)
from csms.engine.threshold_settings import findings_of
from csms.engine.writes import RecordWrite
from profiles import AssignmentRule, CatalogueFinding, CatalogueProfile, check_assignments
from profiles.catalogue import CataloguePeriod, Tolerance
from profiles.catalogue.loader import explain

_FIELDS = sorted(
    {*CatalogueProfile.model_fields, *CataloguePeriod.model_fields, *Tolerance.model_fields}
)
_READ_ONLY = {"source"}
ProfileBody = Annotated[
    dict[str, Any], WithJsonSchema({"$ref": "#/components/schemas/ProfileView"})
]
RulesBody = Annotated[dict[str, Any], WithJsonSchema({"$ref": "#/components/schemas/Assignments"})]

router = APIRouter(tags=["profiles"])


class ProfileView(CatalogueProfile):
    """A named profile. `source` is not to be given."""

    source: Literal["file", "api"] = Field(
        "api", description="`file`: shipped or from a folder; it can be overlaid, not deleted"
    )


class Assignments(BaseModel):
    """The rules, all of them. Which one decides is in the order of their precision."""

    model_config = ConfigDict(extra="forbid")

    rules: tuple[AssignmentRule, ...]


@router.get("/profiles", response_model=Page[ProfileView])
async def list_profiles(api: Api) -> Response:
    """The catalogue, by name; there is but one page."""
    catalogue = api.hub.engine.policy.catalogue
    items = [_view(api, catalogue[name]) for name in sorted(catalogue)]
    return answer({"items": items, "next_cursor": None})


@router.get("/profiles/{name}", response_model=ProfileView)
async def get_profile(api: Api, name: str) -> Response:
    """One profile."""
    return answer(_view(api, _known(api, name)))


@router.put(
    "/profiles/{name}",
    response_model=ProfileView,
    responses={201: {"model": ProfileView, "description": "It is new"}},
)
async def put_profile(api: Api, name: str, body: ProfileBody) -> Response:
    """Writes a profile into the catalogue; sessions that have it get it so, also running ones."""
    given = {field: member for field, member in body.items() if field not in _READ_ONLY}
    if given.get("name", name) != name:
        raise invalid([FieldError(field="name", message=f"must be {name!r}, as in the address")])
    try:
        profile = load_profile(name, given)
    except ValidationError as error:
        raise _mistakes(explain(name, error, _FIELDS)) from None
    findings = findings_of([profile])
    if findings:
        raise _mistakes(findings)
    is_new = name not in api.hub.engine.policy.catalogue
    await api.durably(_save(api, name, profile))
    api.hub.spawn(api.hub.wishes_changed({name}))
    api.hub.tell_doubts()
    return answer(_view(api, profile), HTTPStatus.CREATED if is_new else HTTPStatus.OK)


@router.delete("/profiles/{name}", status_code=HTTPStatus.NO_CONTENT)
async def delete_profile(api: Api, name: str) -> Response:
    """Takes a profile out of the catalogue; one from a file counts again as its file has it."""
    profile = _known(api, name)
    if profile == api.files.get(name):
        detail = f"{name} comes from a file; a PUT overlays it, and only its file can end it"
        raise conflict("profile-from-file", detail)
    if name not in api.files:
        _check_unused(api, name)
    await api.durably(_delete(api, name))
    api.hub.spawn(api.hub.wishes_changed({name}))
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/profile-assignments", response_model=Assignments)
async def get_assignments(api: Api) -> Response:
    """The rules that say which profile a session gets."""
    return answer(dump_rules(api.hub.engine.policy.assignments))


@router.put("/profile-assignments", response_model=Assignments)
async def put_assignments(api: Api, body: RulesBody) -> Response:
    """Writes the rules anew; sessions follow them, also those that run.

    A rule on the token beats one on the vehicle class, that one on the station, that one on the
    site, that the default.
    """
    try:
        rules = Assignments.model_validate(body).rules
    except ValidationError as error:
        known = ["rules", *AssignmentRule.model_fields]
        raise _mistakes(explain(ASSIGNMENTS, error, known)) from None
    findings = check_assignments(rules, api.hub.engine.policy.catalogue)
    if findings:
        raise _mistakes(findings)
    await api.durably(_save_rules(api, rules))
    api.hub.spawn(api.hub.wishes_changed())
    api.hub.tell_doubts()
    return answer(dump_rules(rules))


def _known(api: Services, name: str) -> CatalogueProfile:
    profile = api.hub.engine.policy.catalogue.get(name)
    if profile is None:
        raise not_found("profile", name)
    return profile


def _check_unused(api: Services, name: str) -> None:
    users = [str(rule) for rule in api.hub.engine.policy.assignments if rule.profile == name]
    if users:
        detail = f"{name} is assigned by {'; '.join(users[:5])}: change /profile-assignments first"
        raise conflict("profile-assigned", detail)
    stations = [
        state.id
        for state in api.hub.engine.stations.values()
        if name in {state.record.default_profile, state.record.max_profile}
    ]
    if stations:
        detail = f"{name} stands on {', '.join(sorted(stations)[:5])}: change these stations first"
        raise conflict("profile-assigned", detail)


async def _save(api: Services, name: str, profile: CatalogueProfile) -> None:
    await api.hub.store.submit([RecordWrite(PROFILES, name, dump_profile(profile))])
    api.hub.engine.policy.catalogue[name] = profile


async def _delete(api: Services, name: str) -> None:
    await api.hub.store.submit([RecordWrite(PROFILES, name, None)])
    catalogue = api.hub.engine.policy.catalogue
    if name in api.files:
        catalogue[name] = api.files[name]
    else:
        catalogue.pop(name, None)


async def _save_rules(api: Services, rules: tuple[AssignmentRule, ...]) -> None:
    await api.hub.store.submit([RecordWrite(SETTINGS, ASSIGNMENTS, dump_rules(rules))])
    api.hub.engine.policy.assignments[:] = rules


def _view(api: Services, profile: CatalogueProfile) -> dict[str, Any]:
    source = "file" if profile == api.files.get(profile.name) else "api"
    return {**dump_profile(profile), "source": source}


def _mistakes(findings: tuple[CatalogueFinding, ...]) -> Problem:
    errors = [
        # The rules' file calls its tables `rule`, this resource its list `rules`.
        FieldError(field=each.field.replace("rule[", "rules[", 1), message=each.message)
        for each in findings
    ]
    return invalid(errors)
