"""What a translator says when it cannot translate."""

from csms.errors import LaddvaktError


class Unreadable(LaddvaktError):  # noqa: N818 - says what is the case
    """A call whose meaning is not clear; it is answered with an error of the version.

    `field` is the member at fault as it is called on the wire, `why` what is wrong with it.
    """

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field} {why}")
        self.field = field
        self.why = why


class CannotCarry(LaddvaktError):  # noqa: N818 - says what is the case
    """A command that the station's OCPP version has no words for; the message says why."""
