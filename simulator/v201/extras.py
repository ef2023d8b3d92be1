"""What only a 2.0.1 station has, made when first needed: monitors, displays, publishing, slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.v201.displays import Displays
from simulator.v201.monitoring import made_monitors
from simulator.v201.monitors import Monitors
from simulator.v201.networks import Networks
from simulator.v201.publishing import Publisher
from simulator.v201.watching import TIMER, Watch

if TYPE_CHECKING:
    from simulator.station.core import Station
    from simulator.station.outbox import Outgoing
    from simulator.v201.device_model import DeviceModel


class Extras:
    """The parts of one station that most of a fleet never use."""

    def __init__(self, model: DeviceModel) -> None:
        self.model = model
        self._monitors: Monitors | None = None
        self._watch: Watch | None = None
        self._displays: Displays | None = None
        self._publisher: Publisher | None = None
        self._networks: Networks | None = None

    @property
    def monitors(self) -> Monitors:
        """Its monitors."""
        if self._monitors is None:
            self._monitors = Monitors(made_monitors(self.model))
            self._watch = Watch(self.model, self._monitors)
        return self._monitors

    @property
    def displays(self) -> Displays:
        """What its display shows."""
        if self._displays is None:
            self._displays = Displays()
        return self._displays

    @property
    def publisher(self) -> Publisher:
        """What it publishes to others."""
        if self._publisher is None:
            self._publisher = Publisher()
        return self._publisher

    @property
    def networks(self) -> Networks:
        """Its network profiles."""
        if self._networks is None:
            self._networks = Networks()
        return self._networks

    def csms_url(self) -> str | None:
        """Return where to connect; None is the URL that was given to the simulator."""
        return None if self._networks is None else self._networks.url

    def connection_tried(self, *, is_connected: bool) -> None:
        """Take note of an attempt to connect."""
        if self._networks is not None:
            attempts = self.model.number("OCPPCommCtrlr", "NetworkProfileConnectionAttempts")
            self._networks.tried(attempts, is_connected=is_connected)
            self.model.put("OCPPCommCtrlr", "ActiveNetworkProfile", self._networks.active)

    def rebooted(self) -> None:
        """Begin with the first network profile."""
        if self._networks is not None:
            self._networks.boot(self.model.members("OCPPCommCtrlr", "NetworkConfigurationPriority"))
            self.model.put("OCPPCommCtrlr", "ActiveNetworkProfile", self._networks.active)

    def would_move(self) -> bool:
        """Whether a reboot leads to another central system."""
        order = self.model.members("OCPPCommCtrlr", "NetworkConfigurationPriority")
        return self._networks is not None and self._networks.would_change(order)

    def queues(self, outgoing: Outgoing) -> bool:
        """Whether an ordinary message is kept while there is no link (QueueAllMessages)."""
        if outgoing.is_urgent or outgoing.action == "Heartbeat":
            return False
        return self.model.flag("OCPPCommCtrlr", "QueueAllMessages")

    def watch(self, station: Station, now: float) -> None:
        """Let monitors look from now on, as they are now."""
        if self._monitors is None or self._watch is None:
            return
        self.model.put("MonitoringCtrlr", "ActiveMonitoringBase", self._monitors.base.value)
        self.model.put("MonitoringCtrlr", "ActiveMonitoringLevel", str(self._monitors.level))
        station.duties[TIMER] = lambda at: self._on_timer(station, at)
        self._watch.look(station, now)
        self._watch.plan(station, now)

    def looked(self, station: Station, now: float) -> None:
        """Let monitors see what may have changed; nothing where there are none."""
        if self._watch is not None:
            self._watch.look(station, now)

    def transaction_ended(self, transaction_id: str) -> None:
        """Take what was shown for a transaction off the display."""
        if self._displays is not None:
            self._displays.ended(transaction_id)

    def remember(self) -> dict[str, Any]:
        """Return what a central system has set."""
        told: dict[str, Any] = {"variables": self.model.remember()}
        if self._networks is not None:
            told["networks"] = self._networks.remember()
        if self._monitors is not None:
            told["monitors"] = self._monitors.remember()
        if self._displays is not None:
            told["displays"] = self._displays.remember()
        return {name: each for name, each in told.items() if each}

    def recall(self, remembered: dict[str, Any]) -> None:
        """Take that up again. Raises: KeyError, TypeError or ValueError."""
        if networks := remembered.get("networks"):
            self.networks.recall(networks)
        if monitors := remembered.get("monitors"):
            self.monitors.recall(monitors)
        if displays := remembered.get("displays"):
            self.displays.recall(displays)
        self.model.recall(remembered.get("variables", []))

    def _on_timer(self, station: Station, now: float) -> None:
        if self._watch is not None:
            self._watch.look(station, now)
            self._watch.plan(station, now)
