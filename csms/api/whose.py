"""Which sessions are meant by a vehicle or an account in a query, however it is named."""

from typing import TYPE_CHECKING, Any

from csms.domain.vehicle import name_ref
from csms.domain.vehicle_ids import guesses

if TYPE_CHECKING:
    from csms.engine.people import PeopleBook


def whose(people: "PeopleBook", vehicle: str | None, account: str | None) -> dict[str, Any]:
    """Returns the members of a `SessionFilter` that a vehicle and an account in a query mean.

    What is no record is looked for as it is: sessions know by what their vehicle was known.
    """
    found: dict[str, Any] = {}
    if account is not None:
        found["account"] = people.find_account(account) or account
    if vehicle is None:
        return found
    vehicle_id = people.find_vehicle(vehicle)
    if vehicle_id is not None:
        return {**found, "vehicle_id": vehicle_id}
    refs = [each.ref for each in guesses(vehicle)]
    return {**found, "identities": people.reach([*refs, name_ref(vehicle)])}
