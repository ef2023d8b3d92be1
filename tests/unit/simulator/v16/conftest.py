"""A 1.6 station without cars of its own: who comes and what is shown is up to the test."""

from __future__ import annotations

import pytest

from simulator.station.hand import Arrival, Hand
from simulator.station.transaction import Token


class Site:
    """The laboratory's station with hands at it; whatever it lacks is the laboratory's."""

    def __init__(self, room):
        self.room = room
        for bay in room.station.bays.values():
            bay.driver.close()
        room.run(1)

    def __getattr__(self, name):
        return getattr(self.room, name)

    def bay(self, evse=1):
        return self.room.station.bays[evse]

    def plug(self, evse=1):
        Hand(self.room.station, self.room.now).plug_in(Arrival(charge_level=20), evse)
        self.room.run(0.1)

    def unplug(self, evse=1):
        self.bay(evse).unplug(self.room.now)
        self.room.run(0.1)

    def show(self, token, evse=1):
        self.bay(evse).take_token(Token(token), self.room.now)
        self.room.run(0.1)

    def charge(self, tag="TAG", evse=1):
        """Begin a transaction and return what the central system calls it."""
        self.plug(evse)
        self.show(tag, evse)
        assert self.bay(evse).transaction is not None
        return self.bay(evse).transaction.csms_id

    def set(self, key, value):
        return self.room.command("ChangeConfiguration", {"key": key, "value": str(value)})["status"]

    def get(self, key):
        return self.room.command("GetConfiguration", {"key": [key]})["configurationKey"][0]["value"]

    def states(self, connector=1):
        """Return the statuses that were told of a connector, in order."""
        return [
            each["status"]
            for each in self.room.said("StatusNotification")
            if each["connectorId"] == connector
        ]

    def reboot(self):
        self.room.command("Reset", {"type": "Hard"})
        self.room.run(10)
        if not self.room.is_up:
            self.room.connect()
        self.room.run(120)
        assert self.room.is_up


@pytest.fixture
def site(lab):
    def make(**settings):
        return Site(lab("1.6", **settings))

    return make
