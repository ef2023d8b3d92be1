"""Words that stand for letters, numbers, months and signs, in English, German and Swedish. PURE.

All are in small letters without accents (`plain` makes them so): `funf`, and `fuenf` as well.
Spelling alphabets: ITU and NATO; DIN 5009 of 1996 (Anton, Berta) and of 2022 (Aachen, Berlin); the
Swedish one (Adam, Bertil).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOREIGN: Final = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u03bf",
    "ABEKMHOPCTYXABEZHIKMNOPTYXaeopcyxo",
)
_NATO: Final = (
    "alfa bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar "
    "papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu"
)
_GERMAN: Final = (
    "anton berta casar dora emil friedrich gustav heinrich ida julius kaufmann ludwig martha "
    "nordpol otto paula quelle richard samuel theodor ulrich viktor wilhelm xanthippe ypsilon "
    "zacharias caesar cacilie konrad siegfried zeppelin julia jakob jot nathan norbert david"
)
_GERMAN_PLACES: Final = (
    "aachen berlin chemnitz dusseldorf essen frankfurt goslar hamburg ingelheim jena koln leipzig "
    "munchen nurnberg offenbach potsdam quickborn rostock salzwedel tubingen unna volklingen "
    "wuppertal xanten ypsilon zwickau"
)
_SWEDISH: Final = (
    "adam bertil cesar david erik filip gustav helge ivar johan kalle ludvig martin niklas olof "
    "petter qvintus rudolf sigurd tore urban viktor wilhelm xerxes yngve zata"
)
_OTHERS: Final = "alpha juliet whisky zed zee zet xylofon"


def _listed(*texts: str) -> list[str]:
    return [word for text in texts for word in text.split()]


LETTERS: Final = {
    word: word[0].upper() for word in _listed(_NATO, _GERMAN, _GERMAN_PLACES, _SWEDISH, _OTHERS)
} | {"el": "L", "ess": "S"}

_EN_SMALL: Final = _listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_EN_TENS: Final = _listed("twenty thirty forty fifty sixty seventy eighty ninety")
ENGLISH: Final = {word: number for number, word in enumerate(_EN_SMALL)} | {
    "oh": 0,
    "nought": 0,
    "naught": 0,
    "niner": 9,
    "fife": 5,
    "tree": 3,
    "fower": 4,
}
TENS: Final = {word: 10 * number for number, word in enumerate(_EN_TENS, 2)} | {"fourty": 40}
ORDINALS: Final = {
    "first": "one",
    "second": "two",
    "third": "three",
    "fifth": "five",
    "eighth": "eight",
    "ninth": "nine",
    "twelfth": "twelve",
    "twentieth": "twenty",
    "thirtieth": "thirty",
}
_DE_SMALL: Final = _listed(
    "null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn "
    "funfzehn sechzehn siebzehn achtzehn neunzehn"
)
_DE_TENS: Final = _listed("zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig")
_SV_SMALL: Final = _listed(
    "noll ett tva tre fyra fem sex sju atta nio tio elva tolv tretton fjorton femton sexton "
    "sjutton arton nitton"
)
_SV_TENS: Final = _listed("tjugo trettio fyrtio femtio sextio sjuttio attio nittio")


def _below_hundred(small: list[str], tens: list[str], joint: str) -> Iterator[tuple[str, int]]:
    """Gives numbers in one word; the ones come first where a `joint` (und) says so."""
    yield from ((word, number) for number, word in enumerate(small))
    for ten, word in enumerate(tens, 2):
        yield word, 10 * ten
        for one in range(1, 10):
            said = small[one].removesuffix("s") if joint and one == 1 else small[one]
            yield (said + joint + word if joint else word + said), 10 * ten + one


def _with_years(below: dict[str, int], centuries: tuple[str, ...]) -> dict[str, int]:
    years = {before + word: 2000 + number for before in centuries for word, number in below.items()}
    return below | {word: number for word, number in years.items() if number > 2000}  # noqa: PLR2004


_GERMAN_NUMBERS: Final = dict(_below_hundred(_DE_SMALL, _DE_TENS, "und")) | {
    "zwo": 2,
    "ein": 1,
    "eine": 1,
    "zwoundzwanzig": 22,
}
_SWEDISH_NUMBERS: Final = dict(_below_hundred(_SV_SMALL, _SV_TENS, "")) | {"en": 1, "nolla": 0}
NUMBERS: Final = {
    spelled: number
    for word, number in (
        _with_years(_GERMAN_NUMBERS, ("zweitausend", "zweitausendund"))
        | _with_years(_SWEDISH_NUMBERS, ("tjugohundra", "tvatusen"))
    ).items()
    for spelled in {word, word.replace("funf", "fuenf").replace("zwolf", "zwoelf")}
}

_MONTH_NAMES: Final = (
    "january february march april may june july august september october november december",
    "januar februar marz april mai juni juli august september oktober november dezember",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
)
MONTHS: Final = {
    name: f"{number:02d}" for names in _MONTH_NAMES for number, name in enumerate(names.split(), 1)
} | {"maerz": "03", "sept": "09"}
BREAKS: Final = frozenset(
    _listed(
        "dash hyphen minus stroke slash dot point space blank underscore and bindestrich strich "
        "gedankenstrich punkt streck bindestreck komma comma und och pause number nummer nr no"
    )
)
SILENT: Final = frozenset(
    _listed(
        "capital letter digit the of then next uh um er erm buchstabe ziffer "
        "bokstav siffra stor gross uppercase"
    )
)
"""Said between the letters and digits of an ID, and no part of it."""
REPEATS: Final = {
    "double": 2,
    "triple": 3,
    "treble": 3,
    "doppel": 2,
    "doppelt": 2,
    "zweimal": 2,
    "dreimal": 3,
    "dubbel": 2,
    "dubbelt": 2,
}
EXAMPLES: Final = (("as", "in"), ("for",), ("like",), ("as",), ("wie",), ("som", "i"), ("som",))
"""Between a letter and a word that begins with it: S for sugar, S wie Samuel, S som i Sigurd."""


def plain(text: str) -> str:
    """Returns a text in Latin letters and digits as far as it looks so, in small ones."""
    wide = unicodedata.normalize("NFKC", text).translate(_FOREIGN)
    digits = "".join(_digit(letter) for letter in wide)
    apart = unicodedata.normalize("NFD", digits.lower().replace("ß", "ss"))
    whole = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return re.sub(r"x-ray", "xray", whole).replace("'", "").replace("\u2019", "")


def _digit(letter: str) -> str:
    value = unicodedata.decimal(letter, None)
    return letter if value is None else str(value)
