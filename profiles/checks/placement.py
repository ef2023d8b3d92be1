"""Where a profile may stand: EVSE, purpose, transaction, remote start.

Each check returns a sentence when the profile breaks the rule, else None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.model import Kind, Purpose

if TYPE_CHECKING:
    from profiles.checks.proposal import Proposal

_SETTABLE = (Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX)
_KINDS = (Kind.ABSOLUTE, Kind.RECURRING, Kind.RELATIVE)


def evse_exists(proposal: Proposal) -> str | None:
    """Refuse an EVSE the station does not have."""
    evses = proposal.station.evses
    if proposal.evse < 0:
        return f"EVSE {proposal.evse} does not exist; numbers start at 0, the station"
    if proposal.evse == 0 or evses is None or proposal.evse in evses:
        return None
    known = ", ".join(map(str, evses))
    return f"EVSE {proposal.evse} does not exist; the station has {known}"


def purpose_is_ours_to_set(proposal: Proposal) -> str | None:
    """Refuse external constraints: only the station's surroundings set them."""
    if proposal.profile.purpose is not Purpose.EXTERNAL_CONSTRAINTS:
        return None
    return "external constraints are reported by the station and cannot be set"


def purpose_exists(proposal: Proposal) -> str | None:
    """Refuse purposes and kinds that only OCPP 2.1 knows."""
    profile = proposal.profile
    if profile.purpose is Purpose.LOCAL_GENERATION:
        return f"purpose {profile.purpose} exists only in OCPP 2.1"
    if profile.kind not in _KINDS:
        return f"kind {profile.kind} exists only in OCPP 2.1"
    return None


def station_max_on_station(proposal: Proposal) -> str | None:
    """Refuse a station maximum on one EVSE."""
    if proposal.profile.purpose is not Purpose.STATION_MAX or proposal.evse == 0:
        return None
    return f"a station maximum belongs to EVSE 0, not to EVSE {proposal.evse}"


def station_max_not_relative(proposal: Proposal) -> str | None:
    """Refuse a station maximum that would count from some transaction."""
    profile = proposal.profile
    if profile.purpose is Purpose.STATION_MAX and profile.kind is Kind.RELATIVE:
        return "a station maximum cannot be Relative; make it Absolute"
    return None


def tx_profile_on_evse(proposal: Proposal) -> str | None:
    """Refuse a TxProfile on the station as a whole."""
    if proposal.profile.purpose is Purpose.TX and proposal.evse == 0:
        return "a TxProfile needs an EVSE above 0"
    return None


def tx_profile_has_transaction(proposal: Proposal) -> str | None:
    """Refuse a TxProfile on an idle EVSE."""
    if not _sets_tx(proposal) or proposal.evse in proposal.station.transactions:
        return None
    return f"no transaction runs on EVSE {proposal.evse}"


def tx_profile_names_transaction(proposal: Proposal) -> str | None:
    """Refuse a TxProfile without transactionId."""
    if _sets_tx(proposal) and proposal.profile.transaction_id is None:
        return "a TxProfile must carry the transactionId"
    return None


def tx_profile_matches_transaction(proposal: Proposal) -> str | None:
    """Refuse a TxProfile for another transaction than the running one."""
    running = proposal.station.transactions.get(proposal.evse)
    wanted = proposal.profile.transaction_id
    if not _sets_tx(proposal) or running is None or wanted in (None, running):
        return None
    return f"the profile is for transaction {wanted}, but {running} runs on EVSE {proposal.evse}"


def only_tx_profile_names_transaction(proposal: Proposal) -> str | None:
    """Refuse a transactionId on any other purpose."""
    profile = proposal.profile
    if profile.purpose is Purpose.TX or profile.transaction_id is None:
        return None
    return f"only a TxProfile may carry a transactionId, not a {profile.purpose}"


def remote_start_is_tx_profile(proposal: Proposal) -> str | None:
    """Refuse any other purpose inside a remote start."""
    if not proposal.station.remote_start or proposal.profile.purpose is Purpose.TX:
        return None
    return f"a remote start takes a TxProfile, not a {proposal.profile.purpose}"


def remote_start_has_no_transaction(proposal: Proposal) -> str | None:
    """Refuse a transactionId inside a remote start: the transaction has none yet."""
    if proposal.station.remote_start and proposal.profile.transaction_id is not None:
        return "the profile of a remote start cannot carry a transactionId"
    return None


def _sets_tx(proposal: Proposal) -> bool:
    return proposal.profile.purpose is Purpose.TX and not proposal.station.remote_start
