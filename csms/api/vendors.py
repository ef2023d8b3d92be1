"""Vendors: what their own messages (DataTransfer) are answered."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi import Path as InAddress
from pydantic import BaseModel, Field

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.paging import Page
from csms.api.problems import not_found
from csms.domain.vendor import Vendor
from csms.engine.data_transfer import VENDORS, vendor_of
from csms.engine.vendor_settings import VendorAnswerBody, VendorBody, body_of
from csms.engine.writes import RecordWrite

router = APIRouter(tags=["vendors"])

VendorId = Annotated[
    str, InAddress(min_length=1, max_length=255, description="As stations send it; in any case")
]


class VendorView(BaseModel):
    """What a vendor's messages are answered."""

    id: str
    status: str = Field(examples=["Accepted", "Rejected"])
    data: Any
    messages: dict[str, VendorAnswerBody]
    url: str | None
    timeout_s: float


@router.get("/vendors", response_model=Page[VendorView])
async def list_vendors(api: Api) -> Response:
    """All vendors whose messages are understood, by ID; there is but one page."""
    known = api.hub.engine.policy.vendors
    items = [body_of(known[key]) for key in sorted(known)]
    return answer({"items": items, "next_cursor": None})


@router.get("/vendors/{vendor_id}", response_model=VendorView)
async def get_vendor(api: Api, vendor_id: VendorId) -> Response:
    """One vendor."""
    return answer(body_of(_known(api, vendor_id)))


@router.put(
    "/vendors/{vendor_id}",
    response_model=VendorView,
    responses={201: {"model": VendorView, "description": "It is new"}},
)
async def put_vendor(api: Api, vendor_id: VendorId, body: VendorBody) -> Response:
    """Has a vendor's messages understood, or answered in another way, from the next one on."""
    is_new = vendor_of(api.hub.engine, vendor_id) is None
    vendor = body.vendor(vendor_id)
    await api.durably(_save(api, vendor))
    return answer(body_of(vendor), HTTPStatus.CREATED if is_new else HTTPStatus.OK)


@router.delete("/vendors/{vendor_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_vendor(api: Api, vendor_id: VendorId) -> Response:
    """Has a vendor unknown again; one that the settings name is back at the next start."""
    await api.durably(_forget(api, _known(api, vendor_id)))
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _known(api: Services, vendor_id: str) -> Vendor:
    vendor = vendor_of(api.hub.engine, vendor_id)
    if vendor is None:
        raise not_found("vendor", vendor_id)
    return vendor


async def _save(api: Services, vendor: Vendor) -> None:
    await api.hub.store.submit([RecordWrite(VENDORS, vendor.key, body_of(vendor))])
    api.hub.engine.policy.vendors[vendor.key] = vendor


async def _forget(api: Services, vendor: Vendor) -> None:
    await api.hub.store.submit([RecordWrite(VENDORS, vendor.key, None)])
    api.hub.engine.policy.vendors.pop(vendor.key, None)
