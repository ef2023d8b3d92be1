"""What identifies a vehicle: tokens, addresses (EVCCID), VINs, contracts; each in one form. PURE.

Two texts are the same identity if their references are equal. What was assumed to read one is
told beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from csms.domain.emaid import Contract, contract_of, is_written_as_contract
from csms.domain.token import token_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.token import TokenRef

LONGEST: Final = 255
_PREFIX: Final = re.compile(r"(?:VID|MAC|EVCCID|EVCC)[:=_\-\s]*", re.ASCII | re.IGNORECASE)
_APART: Final = re.compile(r"[:.\-_\s]")
_HEX: Final = re.compile(r"[0-9A-F]+", re.ASCII)
_LONG_ID: Final = re.compile(r"[0-9A-Z]{13,255}", re.ASCII)
_VIN: Final = re.compile(r"[A-HJ-NPR-Z0-9]{17}", re.ASCII)
_MAC_DIGITS, _PADDED_DIGITS, _GROUPS = 12, (14, 16), 6
_CUT_DIGITS: Final = (10, 11)
_LONGEST_TAG: Final = 20
_VIN_LETTERS: Final = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
)
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


class IdentityKind(StrEnum):
    """What kind of name a vehicle is known by; the surest first.

    `name` is the operator's word for it, `mac` the address of its communication controller (the
    EVCCID of ISO 15118-2, what Autocharge sends), `evccid` one that is no address (ISO 15118-20,
    CHAdeMO), `token` whatever else drivers present.
    """

    NAME = "name"
    VIN = "vin"
    MAC = "mac"
    EVCCID = "evccid"
    EMAID = "emaid"
    TOKEN = "token"  # noqa: S105 - no password


RANK: Final = {kind: place for place, kind in enumerate(IdentityKind)}


class IdentityInvalid(ValueError):  # noqa: N818 - the name says it
    """A text is no identity of the kind that it was said to be; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity in the form that it is compared in."""

    kind: IdentityKind
    key: str

    @property
    def ref(self) -> str:
        """The identity as one text, such as `mac:0401020304FF`; it is stored and compared."""
        return f"{self.kind.value}:{self.key}"

    @property
    def text(self) -> str:
        """The identity as people write it."""
        if self.kind is IdentityKind.MAC and len(self.key) == _MAC_DIGITS:
            return ":".join(self.key[place : place + 2] for place in range(0, _MAC_DIGITS, 2))
        return Contract(self.key).text if self.kind is IdentityKind.EMAID else self.key

    @classmethod
    def of_ref(cls, ref: str) -> Identity:
        """Returns the identity of a reference.

        Raises:
            ValueError: if it is none.
        """
        kind, _, key = ref.partition(":")
        return cls(IdentityKind(kind), key)


@dataclass(frozen=True, slots=True)
class Read:
    """An identity, and what was assumed to read it."""

    identity: Identity
    assumed: tuple[str, ...] = ()


def read_identity(kind: IdentityKind, text: str) -> Read:
    """Returns the identity that an operator has typed, of a kind that he named.

    Raises:
        IdentityInvalid: saying what is wrong and what it should look like.
    """
    if not text.strip() or len(text) > LONGEST or "\0" in text:
        raise IdentityInvalid(f"must have 1 to {LONGEST} characters that are not blank")
    match kind:
        case IdentityKind.MAC:
            return _typed_mac(text)
        case IdentityKind.EVCCID:
            return _typed_evccid(text)
        case IdentityKind.VIN:
            return _typed_vin(text)
        case IdentityKind.EMAID:
            found = contract_of(text)
            if found is None:
                raise IdentityInvalid(f"{text!r} is no contract ID, such as DE-8AA-001234567-0")
            return Read(Identity(kind, found.key), found.assumed)
        case _:
            return Read(Identity(kind, token_key(text)))


def identities_of(token: TokenRef) -> tuple[Read, ...]:
    """Returns what a token that a station sent says of who charges, the surest first.

    A token of type MacAddress, or with `VID:` before it, is an address; a contract ID is known by
    its type or its form. Where the form leaves a doubt, it is the token as well. What is longer
    than any token can be is nobody.
    """
    if token.kind == "NoAuthorization" or not token.key or len(token.text) > LONGEST:
        return ()
    is_address = token.kind == "MacAddress" or (
        token.kind is None and _PREFIX.match(token.text.strip()) is not None
    )
    if is_address:
        found = address_of(token.text, is_told=True)
        return (found or _token(token.text),)
    if token.kind == "eMAID" or (token.kind is None and is_written_as_contract(token.text)):
        contract = contract_of(token.text)
        if contract is None:
            return (_token(token.text),)
        assumed = contract.assumed if token.kind else ("a contract ID by its form",)
        return (Read(Identity(IdentityKind.EMAID, contract.key), assumed),)
    if token.kind is None and _HEX.fullmatch(_APART.sub("", token.text.upper())):
        found = address_of(token.text, is_told=False)
        return (_token(token.text),) if found is None else (found, _token(token.text))
    return (_token(token.text),)


def address_of(text: str, *, is_told: bool) -> Read | None:
    """Returns the address of a vehicle, or its EVCCID of another form; None if it is neither.

    Not `is_told` that it is one, only twelve hexadecimal digits are taken for an address. Padded
    ones (eight bytes in DIN SPEC 70121) are cut, those cut by a station (1.6 idTags end after 20
    characters) keep what is left: see `is_cut`.
    """
    rest = _PREFIX.sub("", text.strip(), count=1).upper().removeprefix("0X")
    prefix = () if rest == text.strip().upper() else ("a prefix was taken off",)
    groups = [each for each in _APART.split(rest) if each]
    is_cut_short = len(text.strip()) == _LONGEST_TAG
    if len(groups) == _GROUPS and not (is_cut_short and len(groups[-1]) == 1):
        groups = [each.zfill(2) for each in groups]
    digits = "".join(groups)
    if not _HEX.fullmatch(digits):
        is_long = is_told and _LONG_ID.fullmatch(digits) is not None
        return Read(Identity(IdentityKind.EVCCID, digits), prefix) if is_long else None
    if not is_told:
        assumed = ("twelve hexadecimal digits, taken for an address",)
        is_mac = len(digits) == _MAC_DIGITS and is_plausible_mac(digits)
        return Read(Identity(IdentityKind.MAC, digits), assumed) if is_mac else None
    return _told_address(digits, prefix)


def is_cut(identity: Identity) -> bool:
    """Tells whether an address lacks its end, so that several vehicles may have it."""
    return identity.kind is IdentityKind.MAC and len(identity.key) < _MAC_DIGITS


def cut_forms(identity: Identity) -> tuple[str, ...]:
    """Returns the references under which a station that cuts addresses would send this one."""
    if identity.kind is not IdentityKind.MAC or is_cut(identity):
        return ()
    return tuple(f"{identity.kind.value}:{identity.key[:count]}" for count in _CUT_DIGITS)


def whole_forms(identity: Identity) -> tuple[str, ...]:
    """Returns the references that an address which lacks its end may stand for."""
    if not is_cut(identity):
        return ()
    lacking = _MAC_DIGITS - len(identity.key)
    return tuple(
        f"{identity.kind.value}:{identity.key}{end:0{lacking}X}" for end in range(16**lacking)
    )


def is_plausible_mac(digits: str) -> bool:
    """Tells whether an interface can have an address: not all alike, no group address."""
    return len(set(digits)) > 1 and int(digits[:2], 16) & 1 == 0


def vin_of(text: str) -> Read | None:
    """Returns the VIN that a text is, None if it is none."""
    key = _APART.sub("", text.strip()).upper()
    if _VIN.fullmatch(key) is None:
        return None
    fits = vin_check_digit(key)
    why = f"the ninth character is no check digit ({fits} would be); North America demands one"
    return Read(Identity(IdentityKind.VIN, key), () if key[8] == fits else (why,))


def vin_check_digit(vin: str) -> str:
    """Returns what the ninth of 17 characters should be. Source: ISO 3779; 49 CFR 565.15."""
    values = (int(each) if each.isdecimal() else _VIN_LETTERS[each] for each in vin)
    remainder = sum(value * by for value, by in zip(values, _VIN_WEIGHTS, strict=True)) % 11
    return "X" if remainder == 10 else str(remainder)  # noqa: PLR2004 - as the source has it


def guesses(text: str) -> tuple[Identity, ...]:
    """Returns all that a typed text may be, the surest first; for those who look one up."""
    found: list[Read | None] = [vin_of(text), address_of(text, is_told=True)]
    contract = contract_of(text)
    if contract is not None:
        found.append(Read(Identity(IdentityKind.EMAID, contract.key)))
    known = [each.identity for each in found if each is not None]
    typed = (Identity(kind, token_key(text)) for kind in (IdentityKind.NAME, IdentityKind.TOKEN))
    return (*known, *typed)


def _token(text: str) -> Read:
    return Read(Identity(IdentityKind.TOKEN, token_key(text)))


def _told_address(digits: str, assumed: tuple[str, ...]) -> Read | None:
    if len(digits) in _PADDED_DIGITS:
        digits, assumed = _unpadded(digits, assumed)
    if len(digits) == _MAC_DIGITS:
        is_one = is_plausible_mac(digits)
        return Read(Identity(IdentityKind.MAC, digits), assumed) if is_one else None
    if len(digits) in _CUT_DIGITS and is_plausible_mac(digits):
        why = f"cut by the station: {len(digits)} of 12 digits"
        return Read(Identity(IdentityKind.MAC, digits), (*assumed, why))
    if len(digits) > _MAC_DIGITS and len(set(digits)) > 1:
        return Read(Identity(IdentityKind.EVCCID, digits), assumed)
    return None


def _unpadded(digits: str, assumed: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Returns an address of six bytes where seven or eight are one with padding."""
    if len(digits) == _PADDED_DIGITS[-1] and digits[6:10] == "FFFE":
        return digits[:6] + digits[10:], (*assumed, "an EUI-64 made of an address")
    zeros = "0" * (len(digits) - _MAC_DIGITS)
    why = (*assumed, f"padded to {len(digits) // 2} bytes")
    if digits.endswith(zeros):
        return digits[:_MAC_DIGITS], why
    return (digits[-_MAC_DIGITS:], why) if digits.startswith(zeros) else (digits, assumed)


def _typed_mac(text: str) -> Read:
    read = address_of(text, is_told=True)
    if read is None or read.identity.kind is not IdentityKind.MAC or is_cut(read.identity):
        raise IdentityInvalid(
            f"{text!r} is no address of a vehicle: twelve hexadecimal digits, such as "
            "04:1A:2B:3C:4D:5E, no group address and not all alike"
        )
    return read


def _typed_evccid(text: str) -> Read:
    read = address_of(text, is_told=True)
    if read is None or is_cut(read.identity):
        raise IdentityInvalid(f"{text!r} is no EVCCID: 12 to {LONGEST} letters and digits")
    return read


def _typed_vin(text: str) -> Read:
    read = vin_of(text)
    if read is not None:
        return read
    key = _APART.sub("", text.strip()).upper()
    odd = sorted(set(key) & {"I", "O", "Q"})
    hint = f"; it cannot hold {', '.join(odd)} (1 or 0 is meant)" if odd else ""
    count = f"{len(key)} characters" if len(key) != len(_VIN_WEIGHTS) else "17 characters"
    raise IdentityInvalid(f"{text!r} is no VIN of 17 letters and digits: {count}{hint}")


class Shown(StrEnum):
    """How an identity came to be known of a session; the last two only hint at its vehicle."""

    TOKEN = "token"  # noqa: S105 - no password
    BESIDE = "beside the token"
    STATION = "told by the station"
    VENDOR = "in a vendor's message"
    BEFORE = "presented before"
    STOPPED = "ended it"


_HINTS: Final = frozenset({Shown.BEFORE.value, Shown.STOPPED.value})


def identities_shown(shown: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the references that a session's vehicle was known by, the surest first."""
    found = (ref for ref, how in shown.items() if how not in _HINTS)
    return tuple(sorted(found, key=_rank))


def hints_shown(shown: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the references that may belong to a session's vehicle."""
    return tuple(sorted(ref for ref, how in shown.items() if how in _HINTS))


def _rank(ref: str) -> tuple[int, str]:
    return RANK[IdentityKind(ref.partition(":")[0])], ref
