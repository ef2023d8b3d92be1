"""Operations of blocks C, D and H: cache, local list, reservations. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import AfterValidator, AwareDatetime

from csms.domain.operations.base import WHOLE, Operation, Place, Text, Whole
from csms.domain.operations.remote_control import TokenText, TokenType


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the years 1 to 9999") from None


Moment = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""An instant in a body: with its zone, kept in UTC."""


@dataclass(frozen=True, slots=True)
class ClearCache(Operation):
    """Empty the cache of authorizations. Source: OCPP 1.6, 5.4; OCPP 2.0.1 part 2, C11."""


@dataclass(frozen=True, slots=True)
class GetLocalListVersion(Operation):
    """Ask which version of the local list a station has: 0 is none, 1.6 has -1 for unsupported.

    Source: OCPP 1.6, 5.10; OCPP 2.0.1 part 2, D02.
    """


@dataclass(frozen=True, slots=True)
class SendLocalList(Operation):
    """Bring the local list of a station up to date with the tokens that are known here.

    By default it is Differential where the station has the last version that it took from us,
    else Full. `tokens` None means all; for Differential those that changed since. A token that is
    not known here any more is removed. An empty list with Full clears it. Lists that are longer
    than the station takes in a message go in several. `version` None means the next one.
    `remove` takes tokens off the list that stay known here; it goes with a Differential one.
    Source: OCPP 1.6, 5.15; OCPP 2.0.1 part 2, D01.
    """

    update_type: Literal["Full", "Differential"] | None = None
    tokens: list[TokenText] | None = None
    version: Annotated[int, Ge(1), Le(WHOLE)] | None = None
    remove: list[TokenText] | None = None


@dataclass(frozen=True, slots=True)
class ReserveNow(Operation):
    """Reserve an EVSE, or any, for a token. `reservation_id` None means a new one of ours.

    `group` is the 1.6 parentIdTag and the 2.0.1 groupIdToken, by default the token's own. In 1.6
    `evse` 0 or None is the unspecified connector 0. `connector_type` is 2.0.1 only.
    Source: OCPP 1.6, 5.13; OCPP 2.0.1 part 2, H01.
    """

    token: TokenText
    expires_at: Moment
    token_type: TokenType | None = None
    evse: Place | None = None
    connector_type: Text | None = None
    group: TokenText | None = None
    reservation_id: Whole | None = None


@dataclass(frozen=True, slots=True)
class CancelReservation(Operation):
    """Cancel a reservation. Source: OCPP 1.6, 5.1; OCPP 2.0.1 part 2, H02."""

    reservation_id: Annotated[int, Ge(-WHOLE)]
