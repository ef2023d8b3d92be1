"""Which profile leads: stack levels within a purpose, then the purposes among each other.

Source: OCPP 2.0.1 part 2, 3.4 to 3.7 (chapter K), K01.FR.14 to K01.FR.17, K02.FR.08; OCPP 1.6,
3.13.1 to 3.13.3 and 5.16.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.expand import Voice, Window, expand
from profiles.model import Purpose
from profiles.semantics import DefaultPrecedence
from profiles.timeline import Timeline, combine, first_given

if TYPE_CHECKING:
    from profiles.installed import InstalledProfile, ProfileSet
    from profiles.model import Transaction
    from profiles.semantics import Rules

    _Layer = tuple[Purpose] | tuple[Purpose, str, int, int]


_ORDER = tuple(Purpose)


def applies(installed: InstalledProfile, evse: int, transaction: Transaction | None) -> bool:
    """Whether a profile is a candidate for `evse`, before asking when it speaks.

    For EVSE 0, the station as a whole, only station-wide limits are.
    """
    profile = installed.profile
    if profile.purpose is Purpose.TX:
        return installed.evse == evse != 0 and _belongs(profile.transaction_id, transaction)
    if profile.purpose is Purpose.TX_DEFAULT and (transaction is None or evse == 0):
        return False
    return installed.evse in (0, evse)


def leading(
    candidates: list[InstalledProfile],
    transaction: Transaction | None,
    window: Window,
    rules: Rules,
) -> Timeline[Voice]:
    """Return who leads when among candidates of one purpose.

    A higher level leads only while it has a period: in a gap of it, or after its duration, the
    next lower one speaks.
    """
    numbered = sorted(
        enumerate(candidates), key=lambda each: _rank(each[1], each[0], rules), reverse=True
    )
    lines = [expand(installed, transaction, window, rules) for _, installed in numbered]
    return lines[0].merged() if len(lines) == 1 else combine(lines, first_given)


def layers(
    profiles: ProfileSet,
    evse: int,
    transaction: Transaction | None,
    window: Window,
    rules: Rules,
) -> list[Timeline[Voice]]:
    """Return who leads in each layer, the transaction's first; the minimum of all counts.

    TxProfile replaces TxDefaultProfile while it speaks and may be higher. Levels are never
    compared across purposes, nor between external limits that different parties have set.
    """
    candidates: dict[_Layer, list[InstalledProfile]] = {}
    for installed in profiles:
        if applies(installed, evse, transaction):
            candidates.setdefault(_layer(installed), []).append(installed)
    found = {
        layer: leading(those, transaction, window, rules) for layer, those in candidates.items()
    }
    silence: Timeline[Voice] = Timeline()
    default = found.pop((Purpose.TX_DEFAULT,), silence)
    of_transaction = found.pop((Purpose.TX,), silence)
    if default.segments:
        of_transaction = of_transaction.overlay(default)
    return [of_transaction, *(found[each] for each in sorted(found, key=_order))]


def _order(layer: _Layer) -> int:
    return _ORDER.index(layer[0])


def _layer(installed: InstalledProfile) -> _Layer:
    """Return within what an installed profile competes by its stack level."""
    purpose = installed.profile.purpose
    if purpose is not Purpose.EXTERNAL_CONSTRAINTS or installed.source is None:
        return (purpose,)
    return purpose, installed.source, installed.evse, installed.part


def _belongs(transaction_id: str | None, transaction: Transaction | None) -> bool:
    if transaction is None or transaction.id is None:
        return False
    return transaction_id in (None, transaction.id)


def _rank(installed: InstalledProfile, order: int, rules: Rules) -> tuple[int, int, int]:
    """Return a key that grows with precedence.

    At the same level an EVSE's own profile leads over the station's, then the later installed.
    """
    level = installed.profile.stack_level
    own = int(installed.evse != 0)
    connector_first = (
        rules.tx_default is DefaultPrecedence.CONNECTOR
        and installed.profile.purpose is Purpose.TX_DEFAULT
    )
    return (own, level, order) if connector_first else (level, own, order)
