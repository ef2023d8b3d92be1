"""The provisioning file: which settings are wanted of which stations, checked field by field.

A TOML file with tables [[rules]]. All rules that fit a station count, a later one outweighs an
earlier one about the same setting.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from csms.domain.device_model import VariableKey
from csms.domain.provisioning import Wanted
from csms.domain.secrets import is_secret_name
from csms.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from csms.domain.station import Station


def _check_secret(name: str) -> str:
    if is_secret_name(name):
        raise ValueError(f"{name} is a secret; it is changed by the operation rotate_password")
    return name


def _as_table(given: object) -> object:
    """Returns a bare value as the table that says the same."""
    if isinstance(given, dict):
        return given
    if isinstance(given, bool | int | float | str):
        return {"value": given}
    raise ValueError("must be a value, or a table such as { min = 10 }")


_Text = Annotated[str, Field(min_length=1, max_length=50)]
_Key = Annotated[_Text, AfterValidator(_check_secret)]
_Patterns = Annotated[tuple[str, ...], Field(min_length=1)]
_FORMS = ("value", "one_of", "list")


class Value(BaseModel):
    """What one setting is to be: a value, bounds, one of several, or a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: bool | int | float | str | None = None
    min: float | None = None
    max: float | None = None
    set: bool | int | float | str | None = None
    one_of: tuple[bool | int | float | str, ...] | None = Field(None, min_length=1)
    list: tuple[_Text, ...] | None = Field(None, min_length=1)
    shrink: bool = False

    @model_validator(mode="after")
    def _has_one_form(self) -> Value:
        has_bounds = self.min is not None or self.max is not None
        forms = [name for name in _FORMS if getattr(self, name) is not None]
        if len(forms) + has_bounds != 1:
            raise ValueError("give one of value, one_of, list, or min and max")
        if self.shrink and self.list is None:
            raise ValueError("shrink is for a list")
        if self.set is not None and not has_bounds:
            raise ValueError("set goes with min and max")
        if has_bounds and not self._bounds_hold():
            raise ValueError("min is above max, or set is outside of them")
        return self

    def _bounds_hold(self) -> bool:
        least = float("-inf") if self.min is None else self.min
        most = float("inf") if self.max is None else self.max
        is_number = isinstance(self.set, int | float) and not isinstance(self.set, bool)
        return least <= most and (self.set is None or (is_number and least <= self.set <= most))  # type: ignore[operator]

    def wanted(self, key: VariableKey) -> Wanted:
        """Returns it for one variable."""
        return Wanted(
            key,
            value=None if self.value is None else _text(self.value),
            least=None if self.min is None else Decimal(str(self.min)).normalize(),
            most=None if self.max is None else Decimal(str(self.max)).normalize(),
            one_of=tuple(_text(each) for each in self.one_of or ()),
            members=self.list or (),
            may_shrink=self.shrink,
            preferred=None if self.set is None else _text(self.set),
        )


class WantedVariable(Value):
    """A variable of the device model (OCPP 2.0.1), and what it is to be."""

    component: _Text
    variable: _Key
    instance: _Text | None = None
    component_instance: _Text | None = None
    evse: int | None = Field(None, ge=0)
    connector: int | None = Field(None, ge=0)

    @property
    def key(self) -> VariableKey:
        """The variable's name."""
        return VariableKey(
            self.component,
            self.variable,
            self.instance,
            self.component_instance,
            self.evse,
            self.connector,
        )


class Rule(BaseModel):
    """What is wanted of the stations that all patterns fit; `*` and `?` stand for anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)
    vendor: _Patterns = ("*",)
    model: _Patterns = ("*",)
    firmware: _Patterns = ("*",)
    sites: _Patterns = ("*",)
    stations: _Patterns = ("*",)
    take_base_report: bool | None = None
    keys: dict[_Key, Annotated[Value, BeforeValidator(_as_table)]] = Field(default_factory=dict)
    variables: tuple[WantedVariable, ...] = ()

    def covers(self, record: Station) -> bool:
        """Tells whether the rule is for a station, by what it told of itself when it booted."""
        named = (
            (record.vendor, self.vendor),
            (record.model, self.model),
            (record.firmware_version, self.firmware),
            (record.site, self.sites),
            (record.id, self.stations),
        )
        return all(
            any(fnmatchcase((name or "").casefold(), each.casefold()) for each in patterns)
            for name, patterns in named
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted of one station: its settings, and whether its whole device model is.

    `digest` is another one as soon as anything of that is.
    """

    rules: tuple[str, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    takes_base_report: bool = False

    @property
    def digest(self) -> str:
        """A short text that stands for what is wanted."""
        return sha256(repr((self.wanted, self.takes_base_report)).encode()).hexdigest()[:16]


def plan_for(rules: tuple[Rule, ...], record: Station, *, names_components: bool) -> Plan:
    """Returns what is wanted of a station: keys, or variables if it names those by component."""
    fitting = [rule for rule in rules if rule.covers(record)]
    wanted: dict[VariableKey, Wanted] = {}
    for rule in fitting:
        if names_components:
            named = [(each.key, each.wanted(each.key)) for each in rule.variables]
        else:
            keys = {VariableKey("", name): value for name, value in rule.keys.items()}
            named = [(key, given.wanted(key)) for key, given in keys.items()]
        wanted |= {key.folded(): each for key, each in named}
    takes = [each.take_base_report for each in fitting if each.take_base_report is not None]
    names = tuple(rule.name for rule in fitting)
    return Plan(names, tuple(wanted.values()), bool(takes and takes[-1]))


def load_provisioning(path: Path) -> tuple[Rule, ...]:
    """Returns the rules of a file.

    Raises:
        SettingsError: with every mistake: the file, the field, and what is wrong with it.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return _File.model_validate(table).rules
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    except ValidationError as error:
        lines = [_sentence(path, each) for each in error.errors(include_url=False)]
        raise SettingsError("\n".join(dict.fromkeys(lines))) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no TOML: {error}") from None


def _sentence(path: Path, error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    places = [part for part in error["loc"] if part != "[key]"]
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in places)
    if error["type"] == "extra_forbidden":
        return f"{path}: {where}: there is no such field"
    if error["type"] in {"tuple_type", "list_type"}:
        return f"{path}: {where}: must be a list"
    if error["type"] == "missing":
        return f"{path}: {where}: is missing"
    return f"{path}: {where}: {error['msg'].removeprefix('Value error, ')}"


def _text(value: bool | float | str) -> str:  # noqa: FBT001 - a value of TOML
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
