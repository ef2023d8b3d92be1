"""The one tree of errors of the central system."""


class LaddvaktError(Exception):
    """Root of the tree; its message is a sentence that an operator can act on."""


class DatabaseUnavailable(LaddvaktError):  # noqa: N818 - says what is the case
    """PostgreSQL cannot be started or reached; the message says why and what to do about it."""
