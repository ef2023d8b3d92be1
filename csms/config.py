"""Settings: from flags, then environment (`CSMS_…`), then a TOML file, then these defaults.

Each field's description is its documentation; `csms settings` prints them all.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from csms.engine.certificate_settings import CertificateSettings
from csms.engine.health_settings import HealthSettings
from csms.engine.operator_settings import OperatorSettings
from csms.engine.policy import DEFAULT_ID_FORMAT, TokensWhileAway
from csms.engine.price_settings import PriceSettings, SitePrices
from csms.engine.report_settings import ReportScheduleSettings, ReportSettings, with_own_names
from csms.engine.security_settings import CIPHERS, KeyPairSettings
from csms.engine.threshold_settings import DeviationOverrides, DeviationSettings
from csms.engine.token_settings import TokenSettings
from csms.engine.vendor_settings import VendorSettings
from csms.engine.webhook_settings import WebhookSettings, have_names_of_their_own
from csms.errors import SettingsError
from csms.setting_types import IdFormat, Network, Port, Seconds, Zone
from csms.simulated_time import Instant


class SiteSettings(BaseModel):
    """What is special about one site."""

    model_config = ConfigDict(extra="forbid")

    time_zone: Zone | None = Field(
        None, description="The site's time zone, an IANA name; by default the setting time_zone."
    )
    deviations: DeviationOverrides = Field(
        default_factory=DeviationOverrides,
        description="Thresholds that differ at this site, such as [sites.depot.deviations].",
    )
    remedies_file: Path | None = Field(
        None, description="TOML file of the remedies tried at this site, instead of remedies_file."
    )
    default_profile: str | None = Field(
        None,
        description="Profile that stands on each of its stations as TxDefaultProfile; by default "
        "the one that the assignment rules give without a token. See docs/pushing.md.",
    )
    max_profile: str | None = Field(
        None, description="Profile that bounds each of its stations as a whole."
    )
    prices: SitePrices = Field(
        default_factory=SitePrices, description="Prices that differ at this site."
    )


class Settings(BaseSettings):
    """Everything that can be set, with its default."""

    model_config = SettingsConfigDict(
        env_prefix="CSMS_", env_nested_delimiter="__", extra="forbid", validate_default=True
    )

    host: str = Field("0.0.0.0", description="Address that stations connect to.")  # noqa: S104 - stations come from outside
    port: Port = Field(9000, description="Port that stations connect to; 0 picks a free one.")
    tls_port: Port | None = Field(
        None,
        description="Port that stations connect to over TLS (security profiles 2 and 3); 0 picks "
        "a free one, none serves no TLS. See docs/security.md.",
    )
    tls_host: str | None = Field(
        None, description="Address that stations connect to over TLS; by default that of host."
    )
    tls_certificates: list[KeyPairSettings] = Field(
        default_factory=list,
        description="Server certificates with what leads to their root, each with its key, PEM; "
        "one with an EC and one with an RSA key side by side. By default what `csms certs init` "
        "has made. Changed files are taken over within seconds, or at SIGHUP.",
    )
    tls_client_ca: list[Path] = Field(
        default_factory=list,
        description="CA certificates that stations' own certificates may chain to, beside our "
        "own CA's.",
    )
    tls_client_crl: list[Path] = Field(
        default_factory=list, description="Revocation lists of stations' certificates."
    )
    tls_client_organization: str | None = Field(
        None,
        min_length=1,
        description="Organization (O) that a station's certificate must name; by default any.",
    )
    tls_ciphers: str = Field(
        CIPHERS,
        description="Cipher suites of TLS 1.2 as OpenSSL names them; the last two, without "
        "forward secrecy, are for stations that know nothing else and asked for by OCPP.",
    )
    trusted_proxies: list[Network] = Field(
        default_factory=list,
        description="Addresses or networks of proxies whose headers tell who a station is: "
        "X-Forwarded-For, X-Forwarded-Proto and the three below. Anybody else's are ignored.",
    )
    proxy_verify_header: str = Field(
        "X-SSL-Client-Verify",
        description="Header of a proxy that is SUCCESS if it has verified a client certificate.",
    )
    proxy_subject_header: str = Field(
        "X-SSL-Client-S-DN", description="Header of a proxy with the certificate's subject."
    )
    proxy_serial_header: str = Field(
        "X-SSL-Client-Serial",
        description="Header of a proxy with the certificate's serial number in hexadecimal.",
    )
    api_host: str | None = Field(
        None,
        description="Address of the operator API; by default 127.0.0.1 without an API token, "
        "and every address with one.",
    )
    api_port: Port = Field(8080, description="Port of the operator API; 0 picks a free one.")
    api_token: str | None = Field(
        None, min_length=8, description="Bearer token that the API asks for."
    )
    database_url: str | None = Field(
        None,
        description="PostgreSQL to use, such as postgresql://user:password@host/name; without "
        "one, an embedded PostgreSQL runs under data_dir.",
    )
    data_dir: Path = Field(
        Path("var"), description="Folder of the embedded PostgreSQL and of the journal."
    )
    database_wait_s: Seconds = Field(
        60, description="How long a start waits for a PostgreSQL that cannot be reached yet."
    )
    journal_dir: Path | None = Field(
        None,
        description="Folder that keeps what stations report while PostgreSQL is away; by default "
        "journal in data_dir. See docs/reliability.md.",
    )
    journal_max_mb: int = Field(
        1024, ge=1, description="Journal size from which no new stations are let in."
    )
    journal_max_age_h: float = Field(
        24, gt=0, le=8784, description="Journal age from which no new stations are let in."
    )
    spill_after_ms: int = Field(
        150, ge=10, le=10_000, description="Wait for PostgreSQL before the journal is used."
    )
    postgres_bin: Path | None = Field(
        None, description="Folder of postgres and initdb, if not those of the installed wheel."
    )
    accept_unknown_stations: bool = Field(
        default=False,
        description="Take in any station that connects, without a password. For demonstrations.",
    )
    unknown_stations_are: Literal["accepted", "pending"] = Field(
        "accepted",
        description="What a station that accept_unknown_stations takes in is answered when it "
        "boots: pending ones may do nothing until an operator accepts them.",
    )
    accept_unknown_tokens: bool = Field(
        default=False, description="Let any token charge that the operator has not stored."
    )
    tokens_while_away: TokensWhileAway = Field(
        TokensWhileAway.LAST_KNOWN,
        description="Tokens while the database is away: last-known judges by what was stored "
        "before, accept also lets unknown tokens charge (not blocked ones), refuse lets none.",
    )
    session_id_format: IdFormat = Field(
        DEFAULT_ID_FORMAT,
        description="Shape of session IDs: LS-{date}-{sequence}, EV-{digits:9}, "
        "SESSION-{code:12}, or another text with {date} {time} {station} {site} and one of "
        "{sequence} {digits:N} {code:N}.",
    )
    time_zone: Zone = Field("UTC", description="Time zone of sites that have none of their own.")
    sites: dict[str, SiteSettings] = Field(
        default_factory=dict, description="Settings by site, such as [sites.depot]."
    )
    heartbeat_interval_s: int = Field(
        300,
        ge=1,
        le=86_400,
        description="Heartbeat interval told to stations at boot, to each within 10 % of it.",
    )
    retry_interval_s: int = Field(
        60,
        ge=1,
        le=86_400,
        description="Boot retry interval of pending and rejected stations, within 10 % of it.",
    )
    ping_interval_s: Seconds = Field(
        20, description="Silence after which a station is pinged; 0 for no pings."
    )
    ping_timeout_s: Seconds = Field(
        20,
        description="Time for any sign of life after a ping before the link counts as dead; 0: "
        "only idle_timeout_s ends it.",
    )
    idle_timeout_s: Seconds = Field(
        900,
        description="Silence that ends a link which is not pinged, or from which no pong can be "
        "expected; 0 for never.",
    )
    admit_per_s: Seconds = Field(
        200,
        description="Stations that may connect in a second; more wait in line for up to 6 s, and "
        "the rest are told to come back (503 with Retry-After); 0 for no limit.",
    )
    shutdown_s: Annotated[float, Field(ge=0, le=25)] = Field(
        15, description="Time to answer what was received, at a stop."
    )
    drain_window_s: Annotated[float, Field(ge=0, le=20)] = Field(
        5,
        description="Time over which links are closed at a stop, so that stations come back one "
        "by one; 20 ms for each at most.",
    )
    push_profiles: bool = Field(
        default=True, description="Send a session's assigned profile to its station."
    )
    learn_habits: bool = Field(
        default=True,
        description="Remember of each vehicle and token what it usually takes, for the expected "
        "end of its sessions. See docs/expected-end.md.",
    )
    profiles_dir: Path | None = Field(
        None, description="Folder with more named profiles, one TOML or JSON file each."
    )
    assignments_file: Path | None = Field(
        None, description="TOML file with the rules that give sessions their profiles."
    )
    remedies_file: Path | None = Field(
        None,
        description="TOML file that says which remedies may be tried by themselves. See "
        "docs/remedies.md.",
    )
    certificates: CertificateSettings = Field(
        default_factory=CertificateSettings,
        description="Who signs the certificates of stations, and who is asked about others.",
    )
    provisioning_file: Path | None = Field(
        None,
        description="TOML file of the settings wanted on stations: read, written and verified "
        "after each boot. See docs/provisioning.md.",
    )
    webhooks: Annotated[list[WebhookSettings], AfterValidator(have_names_of_their_own)] = Field(
        default_factory=list,
        description="Where changes of alerts are posted to, a table [[webhooks]] each. See "
        "docs/webhooks.md.",
    )
    tokens: TokenSettings = Field(
        default_factory=TokenSettings, description="What holds for all tokens."
    )
    vendors: list[VendorSettings] = Field(
        default_factory=list,
        description="Vendors whose own messages are understood, a table [[vendors]] each. See "
        "docs/vendors.md.",
    )
    health: HealthSettings = Field(default_factory=HealthSettings, description="Station health.")
    prices: PriceSettings = Field(default_factory=PriceSettings, description="What charging costs.")
    operator: OperatorSettings = Field(
        default_factory=OperatorSettings, description="Who runs the stations, for OCPI, receipts."
    )
    reports: ReportSettings = Field(
        default_factory=ReportSettings, description="How many reports at once, how long each."
    )
    report_schedules: Annotated[list[ReportScheduleSettings], AfterValidator(with_own_names)] = (
        Field(
            default_factory=list,
            description="Reports that are made by themselves, a table [[report_schedules]] each. "
            "See docs/reports.md.",
        )
    )
    record: Path | None = Field(None, description="Folder to log every frame in, for replays.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="Log lines as JSON or for reading; auto: text on a terminal."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The mildest level that is logged."
    )
    clock_start: Instant | None = Field(
        None,
        description="Begin at this time, such as 2026-03-02T00:00:00Z. See docs/world.md.",
    )
    clock_speed: float = Field(
        1.0, gt=0, le=10_000, description="Let time run faster, for accelerated simulations."
    )
    deviations: DeviationSettings = Field(
        default_factory=DeviationSettings,
        description="How closely a session must follow its limit.",
    )

    def named_by_site(self, name: str) -> dict[str, str]:
        """Returns what each site that sets it says to one setting that is a text."""
        given = {site: getattr(each, name) for site, each in self.sites.items()}
        return {site: text for site, text in given.items() if text is not None}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags outweigh the environment, that outweighs the file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _TomlSource(settings_cls)


class _TomlSource(PydanticBaseSettingsSource):
    """The TOML file that `load_settings` was given, read by it and handed over here."""

    values: dict[str, Any] = {}  # noqa: RUF012 - set for the time of one construction

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ANN401 - as in the base
        del field
        return self.values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self.values)


def load_settings(file: Path | None, flags: dict[str, Any]) -> Settings:
    """Returns the settings; `flags` are those given on the command line.

    Raises:
        SettingsError: naming every setting that does not parse, and where it came from.
    """
    values = _read_toml(file) if file is not None else {}
    _TomlSource.values = values
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_explain(error, file, values, given)) from None
    except ValueError as error:
        raise SettingsError(f"a CSMS_ environment variable does not parse: {error}") from None
    finally:
        _TomlSource.values = {}


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is no TOML: {error}") from None


def _explain(
    error: ValidationError, file: Path | None, values: dict[str, Any], flags: dict[str, Any]
) -> str:
    lines = []
    for each in error.errors(include_url=False):
        name = ".".join(str(part) for part in each["loc"])
        first = str(each["loc"][0]) if each["loc"] else ""
        if first in flags:
            source = f"--{first.replace('_', '-')}"
        elif f"CSMS_{name.upper().replace('.', '__')}" in _environment():
            source = f"environment variable CSMS_{name.upper().replace('.', '__')}"
        else:
            source = f"{file}: {name}" if first in values else f"setting {name}"
        message = each["msg"].removeprefix("Value error, ")
        if each["type"] == "extra_forbidden":
            message = "there is no such setting; `csms settings` lists all"
        lines.append(f"{source}: {message}")
    return "\n".join(lines)


def _environment() -> set[str]:
    import os  # noqa: PLC0415 - only for a message

    return {name.upper() for name in os.environ}
