"""Contract IDs of drivers (eMAID), in all forms in which they are written. PURE.

Source: ISO 15118-2, H.1 (14 characters and a check digit, hyphens at will); DIN SPEC 91286 (11
characters and a check digit of another kind); eMI3, how the latter are written as the former.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_SEPARATORS: Final = re.compile(r"[-*\s]")
_ISO: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[A-Z0-9]{9}", re.ASCII)
_DIN: Final = re.compile(r"([A-Z]{2})([A-Z0-9]{3})([0-9]{6})([0-9X])", re.ASCII)
_PARTED: Final = re.compile(r"[A-Za-z]{2}[-*][A-Za-z0-9]{3}[-*][A-Za-z0-9]{6,9}([-*]?[A-Za-z0-9])?")
_CONVERTED: Final = re.compile(r"([A-Z]{2}[A-Z0-9]{3})(?:C0|00)([0-9]{6})([0-9X])", re.ASCII)
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Contract(NamedTuple):
    """A contract ID: its 14 characters, by which all its forms are one; what was assumed."""

    key: str
    assumed: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The ID as people write it, such as DE-8AA-001234567-0."""
        return f"{self.key[:2]}-{self.key[2:5]}-{self.key[5:]}-{check_digit(self.key)}"


def contract_of(text: str) -> Contract | None:
    """Returns the contract ID that a text is, None if it is none.

    A check digit that does not fit is no reason to refuse the ID: then `assumed` says so.
    """
    bare = _SEPARATORS.sub("", text).upper()
    if found := _DIN.fullmatch(bare):
        return _of_din(*found.groups())
    if _ISO.fullmatch(bare[:14]) is None or len(bare) > 15:  # noqa: PLR2004 - see the module
        return None
    key, digit = bare[:14], bare[14:]
    assumed: tuple[str, ...] = ()
    if digit and digit not in _DIGITS:
        return None
    if digit and digit != check_digit(key):
        assumed = (f"the check digit {digit} does not fit, {check_digit(key)} would",)
    return Contract(_merged(key), assumed)


def is_written_as_contract(text: str) -> bool:
    """Tells whether a text without a type can hardly be anything else than a contract ID.

    That is one with its parts apart, or one whose check digit fits.
    """
    if _PARTED.fullmatch(text.strip()):
        return contract_of(text) is not None
    bare = _SEPARATORS.sub("", text).upper()
    is_whole = len(bare) == 15 and _ISO.fullmatch(bare[:14]) is not None  # noqa: PLR2004 - ISO 15118-2, H.1
    return is_whole and check_digit(bare[:14]) == bare[14]


def check_digit(key: str) -> str:
    """Returns the check digit of 14 characters. Source: ISO 15118-2, H.1.

    Each character is a number below 36, taken apart as 18, 9, 3 and 1; two of the parts are summed
    modulo 2, two modulo 3, each multiplied by a power of a matrix that tells its place.
    """
    halves, thirds = (0, 0), (0, 0)
    step2, step3 = (0, 1, 1, 1), (0, 1, 1, 2)
    power2, power3 = step2, step3
    for letter in key:
        number = _DIGITS.index(letter)
        halves = _added(halves, _times((number // 18, number // 9 % 2), power2), 2)
        thirds = _added(thirds, _times((number // 3 % 3, number % 3), power3), 3)
        power2, power3 = _product(power2, step2, 2), _product(power3, step3, 3)
    high, low = _times(thirds, (0, 2, 2, 1))
    return _DIGITS[halves[0] * 18 + halves[1] * 9 + high % 3 * 3 + low % 3]


def din_check_digit(text: str) -> str:
    """Returns the check digit of 11 characters. Source: DIN SPEC 91286.

    Letters count as two digits, 10 to 35; the weights double from digit to digit, modulo 11.
    """
    digits = "".join(str(_DIGITS.index(letter)) for letter in text)
    remainder = sum(int(digit) * 2**place for place, digit in enumerate(digits)) % 11
    return "X" if remainder == 10 else str(remainder)  # noqa: PLR2004 - as in an ISBN


def _of_din(country: str, provider: str, instance: str, digit: str) -> Contract:
    fits = din_check_digit(country + provider + instance)
    assumed = () if fits == digit else (f"the check digit {digit} does not fit, {fits} would",)
    return Contract(f"{country}{provider}00{instance}{digit}", assumed)


def _merged(key: str) -> str:
    """Returns one form for the two in which a DIN contract is written as an ISO one."""
    found = _CONVERTED.fullmatch(key)
    if found is None or din_check_digit(found[1] + found[2]) != found[3]:
        return key
    return f"{found[1]}00{found[2]}{found[3]}"


def _times(vector: tuple[int, int], matrix: tuple[int, int, int, int]) -> tuple[int, int]:
    a, b, c, d = matrix
    return vector[0] * a + vector[1] * c, vector[0] * b + vector[1] * d


def _added(one: tuple[int, int], other: tuple[int, int], modulus: int) -> tuple[int, int]:
    return (one[0] + other[0]) % modulus, (one[1] + other[1]) % modulus


def _product(
    one: tuple[int, int, int, int], other: tuple[int, int, int, int], modulus: int
) -> tuple[int, int, int, int]:
    (a, b), (c, d) = _times(one[:2], other), _times(one[2:], other)
    return a % modulus, b % modulus, c % modulus, d % modulus
