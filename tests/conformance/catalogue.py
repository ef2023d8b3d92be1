"""The certification cases whose system under test is the central system: all must be in the book.

Source: OCPP 2.0.1 part 6, chapter 3, with the case of the subprotocol (B_58) that later editions
have; the compliance cases of OCPP 1.6 with those of the security whitepaper.
"""

from __future__ import annotations

from tests.conformance.book import V16, V201

_V201: dict[str, str] = {
    "A": "01 02 03 04 06 07 08 09 10 11 12 13 14 19",
    "B": "01 02 06 07 08 09 10 12 13 14 18 20 21 22 25 26 27 30 31 42 44 58",
    "C": "02 06 07 08 20 37 38 39 40 43 47 48 49 50 51 52",
    "D": "01 02 03 04 08 09",
    "E": "01 02 03 04 07 08 09 10 11 12 14 15 16 17 19 20 21 22 26 29 30 31 33 34 38 39 53",
    "F": "01 02 03 04 06 11 12 13 14 15 18 20 23 24 27",
    "G": "03 04 05 06 07 08 11 14 17 20",
    "H": "01 07 08 14 15 17 19 20 22",
    "I": "01 02",
    "J": "01 02 03 04 07 08 09 10 11",
    "K": (
        "01 02 03 04 05 06 08 10 15 19 29 30 31 32 33 34 35 36 37 43 44 48 50 51 52 53 55 "
        "57 58 59 60 70 "
    ),
    "L": "01 02 03 04 05 06 07 08 09 10 11 13 17 19 20 21 22 23 24",
    "M": "01 02 03 04 05 12 13 14 15 16 17 18 19 20 21 24 26 28",
    "N": (
        "01 02 03 05 08 09 16 17 18 21 24 25 27 28 29 30 31 32 34 35 36 44 46 47 48 49 50 60 62 63 "
    ),
    "O": "01 02 03 04 05 06 07 08 09 10 11 12 13 14 17 18 19 25 26 27 28",
    "P": "02 03",
}
_V16 = """
    001 003 004_1 004_2 005_1 007 010 011_1 011_2 012 013 014 017_1 017_2 018_1 019_1
    019_2 021 023_1 023_2 023_3 024 026 028 030 031 032_1 037_1 037_3 039 040_1 040_2
    042_1 042_2 043_1 043_2 043_3 043_4 043_5 044_1 044_2 044_3 045_1 045_2 046 047 048_1
    048_2 048_3 048_4 049 051 052 053 054 055 056 057 059 061 062 064 066 067 073 074
    075_1 075_2 076 077 078 079 080 081 083 085 086 087 088
"""

CERTIFICATION: dict[str, frozenset[str]] = {
    V16: frozenset(f"TC_{each}" for each in _V16.split()),
    V201: frozenset(
        f"TC_{block}_{each}_CSMS" for block, numbers in _V201.items() for each in numbers.split()
    ),
}
"""The IDs of all cases, by version."""
