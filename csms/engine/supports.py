"""What a station can do, as far as it has said so.

The source is what it told of its device model: in 1.6 the key SupportedFeatureProfiles, in 2.0.1
the variables Available of its controllers. Nothing is asked for this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.errors import OperationRefused

if TYPE_CHECKING:
    from csms.domain.features import Feature
    from csms.engine.state import StationState


def supports(station: StationState, feature: Feature) -> bool | None:
    """Tells whether a station can do something; None if it has not said."""
    return station.record.features.get(feature.value)


def require(station: StationState, feature: Feature, what: str) -> None:
    """Refuses what a station has said that it cannot do; `what` is a noun, such as reservations.

    Raises: OperationRefused, with a sentence for the operator.
    """
    if supports(station, feature) is False:
        raise OperationRefused(
            f"{station.id} says that it has no {what}; if that has changed, have it tell its "
            "settings again, or relay the call as it is."
        )
