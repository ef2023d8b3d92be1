"""The one tree of errors of the central system."""


class LaddvaktError(Exception):
    """Root of the tree; its message is a sentence that an operator can act on."""


class DatabaseUnavailable(LaddvaktError):  # noqa: N818 - says what is the case
    """PostgreSQL cannot be started or reached; the message says why and what to do about it."""


class JournalUnusable(LaddvaktError):  # noqa: N818 - says what is the case
    """The spill journal cannot be used; the message says why and what to do about it."""


class UnitRefused(LaddvaktError):  # noqa: N818 - says what is the case
    """The database is there and refuses this unit of work for what is in it."""


class SettingsError(LaddvaktError):
    """A setting, a flag or a file does not parse; the message names it and says what is allowed."""


class StationOffline(LaddvaktError):  # noqa: N818 - says what is the case
    """The station is not connected, or went away before it answered.

    `may_have_left` tells that what was meant for it may have reached it.
    """

    def __init__(self, why: str, *, may_have_left: bool = False) -> None:
        super().__init__(why)
        self.may_have_left = may_have_left


class NoAnswer(LaddvaktError):  # noqa: N818 - says what is the case
    """The station is connected and did not answer in time."""


class StationBusy(LaddvaktError):  # noqa: N818 - says what is the case
    """The station has more calls waiting than it will answer soon."""


class OperationRefused(LaddvaktError):  # noqa: N818 - says what is the case
    """An operation cannot be asked of a station; the message says why, `field` what is at fault."""

    def __init__(self, why: str, field: str | None = None) -> None:
        super().__init__(why)
        self.field = field
