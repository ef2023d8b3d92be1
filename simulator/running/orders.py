"""What a hand may be told to do to a station, as the control port and the shell take it."""

from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from simulator.station.hand import DEFAULT_BREAKAGE, DEFAULT_TOKEN, Arrival, Breakage, Hand
from simulator.station.transaction import Token

Evse = Annotated[int, Field(ge=1, le=64, description="The EVSE, counted from 1")]
Length = Annotated[
    float | None,
    Field(gt=0, le=31_536_000, description="Simulated seconds; without it for good"),
]
TokenKind = Literal["Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local"]


class Order(BaseModel):
    """Something to be done to one station now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @abstractmethod
    def carry_out(self, hand: Hand) -> None:
        """Do it. Raises: HandError."""


class PlugIn(Order):
    """Bring a car and plug it in. It stays until it is unplugged."""

    evse: Evse = 1
    vehicle: str | None = Field(
        default=None, description="By default one that fits; see `simulator cars`"
    )
    charge_level: float = Field(default=40, ge=0, le=100, description="Per cent")
    wants_kwh: float | None = Field(
        default=None, gt=0, le=10_000, description="Without it the car charges until it is full"
    )

    def carry_out(self, hand: Hand) -> None:
        """Plug in."""
        hand.plug_in(Arrival(self.vehicle, self.charge_level, self.wants_kwh), self.evse)


class Present(Order):
    """Show a token: before the plug or after it, and again to end what it began."""

    token: str = Field(default=DEFAULT_TOKEN, min_length=1, max_length=36)
    kind: TokenKind = Field(default="ISO14443", description="2.0.1's token type")
    evse: Evse = 1

    def carry_out(self, hand: Hand) -> None:
        """Show it."""
        hand.present(Token(self.token, self.kind), self.evse)


class Unplug(Order):
    """Take the car away, which ends a transaction."""

    evse: Evse = 1

    def carry_out(self, hand: Hand) -> None:
        """Unplug."""
        hand.unplug(self.evse)


class Stop(Order):
    """End the transaction at the station; the car stays plugged in."""

    evse: Evse = 1

    def carry_out(self, hand: Hand) -> None:
        """Stop."""
        hand.stop(self.evse)


class FaultOn(Order):
    """Switch a fault on, for good or for a time; see `simulator faults`."""

    name: str
    length_s: Length = None

    def carry_out(self, hand: Hand) -> None:
        """Switch it on."""
        hand.fault(self.name, on=True, length_s=self.length_s)


class FaultOff(Order):
    """Switch a fault off, however it came on."""

    name: str

    def carry_out(self, hand: Hand) -> None:
        """Switch it off."""
        hand.fault(self.name, on=False)


class Reset(Order):
    """Restart the station by its own button."""

    kind: Literal["soft", "hard"] = "soft"

    def carry_out(self, hand: Hand) -> None:
        """Restart."""
        hand.reset(self.kind)


class PowerCut(Order):
    """Take the power away without a goodbye."""

    length_s: Length = 60.0

    def carry_out(self, hand: Hand) -> None:
        """Cut it."""
        hand.power_cut(self.length_s)


class PowerUp(Order):
    """Give the power back before its time."""

    def carry_out(self, hand: Hand) -> None:
        """Power up."""
        hand.power_up()


class DropLink(Order):
    """Cut the connection; the station works on and queues its messages."""

    length_s: Length = None

    def carry_out(self, hand: Hand) -> None:
        """Drop it."""
        hand.drop_link(self.length_s)


class RestoreLink(Order):
    """Let the station connect again."""

    def carry_out(self, hand: Hand) -> None:
        """Restore it."""
        hand.restore_link()


class Limit(Order):
    """Have an energy manager hold an EVSE to a limit, or lay it down."""

    limit_a: float | None = Field(
        default=None, ge=0, le=2000, description="A per phase; without it the limit is laid down"
    )
    evse: Evse = 1

    def carry_out(self, hand: Hand) -> None:
        """Set it."""
        hand.limit(self.limit_a, self.evse)


class Break(Order):
    """Break an EVSE: it is Faulted, and a transaction ends, until it is mended."""

    error: Breakage = Field(default=DEFAULT_BREAKAGE, description="The error code of OCPP 1.6")
    evse: Evse = 1

    def carry_out(self, hand: Hand) -> None:
        """Break it."""
        hand.break_down(self.error, self.evse)


class Mend(Order):
    """Mend an EVSE that was broken."""

    evse: Evse = 1

    def carry_out(self, hand: Hand) -> None:
        """Mend it."""
        hand.mend(self.evse)


ORDERS: dict[str, type[Order]] = {
    "plug-in": PlugIn,
    "present": Present,
    "unplug": Unplug,
    "stop": Stop,
    "fault-on": FaultOn,
    "fault-off": FaultOff,
    "reset": Reset,
    "power-cut": PowerCut,
    "power-up": PowerUp,
    "drop-link": DropLink,
    "restore-link": RestoreLink,
    "limit": Limit,
    "break": Break,
    "mend": Mend,
}
"""By the names under which they are given."""
