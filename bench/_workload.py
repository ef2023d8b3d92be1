"""What the chargers of a benchmark say: whole sessions as prebuilt text, in both versions.

A script is a generator: it yields the part of a CALL from the action on, and is sent the payload
of the answer. Three phases of about 16 A, some 30 Wh a sample, one sample each 10 s of station
time; a session ends now and began 110 s ago, so that no timestamp lies ahead of the clock.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import orjson

Script = Generator[bytes, bytes, None]
Version = Literal["1.6", "2.0.1"]
VERSIONS: tuple[Version, ...] = ("1.6", "2.0.1")
SAMPLES = 10
STEP_S = 10
MESSAGES = SAMPLES + 4


class Booking(NamedTuple):
    """What a server must have stored of a session whose end it answered."""

    energy_wh: int
    samples: int


Bookings = dict[tuple[str, str], Booking]


@dataclass(slots=True)
class Tally:
    """What the chargers of one round have seen.

    Only answers that arrive while `is_open` are counted. `booked` has each session whose end was
    answered, whenever that was, by station and transaction ID.
    """

    is_open: bool = False
    is_ending: bool = False
    latencies_s: list[float] = field(default_factory=list)
    samples: int = 0
    server_calls: int = 0
    booked: Bookings = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One sample as it goes into a message; `energy_wh` is the register."""

    at: bytes
    energy_wh: int
    power_w: bytes
    currents_a: tuple[bytes, bytes, bytes]
    voltage_v: bytes
    soc_percent: int


def station_ids(version: Version, count: int) -> list[str]:
    """Returns the IDs of the stations of one version, the same ones in each round."""
    return [f"B{version.replace('.', '')}-{number:04d}" for number in range(count)]


def token_of(station_id: str) -> str:
    """Returns the one card that charges at a station; at most 20 characters."""
    return f"T-{station_id}"


def boot(version: Version, station_id: str) -> Script:
    """Returns the script of a start of the station: one BootNotification."""
    payload: dict[str, object] = {"chargePointVendor": "Bench", "chargePointModel": "B-22"}
    payload["chargePointSerialNumber"] = station_id
    if version == "2.0.1":
        station = {"vendorName": "Bench", "model": "B-22", "serialNumber": station_id}
        payload = {"reason": "PowerUp", "chargingStation": station}
    answer = yield b'"BootNotification",' + orjson.dumps(payload)
    if orjson.loads(answer)["status"] != "Accepted":
        raise ConnectionError(f"{station_id} was not accepted: {answer.decode()}")


def idle(version: Version, station_id: str) -> Script:
    """Returns the script of a station that starts, reports its connector and waits."""
    yield from boot(version, station_id)
    now = stamp(time.time())
    if version == "1.6":
        yield (
            b'"StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available",'
            b'"timestamp":"%b"}' % now
        )
    else:
        yield (
            b'"StatusNotification",{"timestamp":"%b","connectorStatus":"Available","evseId":1,'
            b'"connectorId":1}' % now
        )
    yield b'"Heartbeat",{}'


def sessions(
    version: Version, station_id: str, tally: Tally, *, first_samples: int, meter_wh: int
) -> Script:
    """Returns the script of a station that charges, session after session, until `is_ending`.

    The first session has `first_samples` samples, so that stations which begin together spread
    over the cycle. `meter_wh` is the register at the first start.
    """
    session = _SESSIONS[version]
    samples, count = first_samples, 0
    while not tally.is_ending:
        visit = Visit(station_id, tally, meter_wh, samples, count)
        yield from session(visit)
        yield b'"Heartbeat",{}'
        meter_wh, samples, count = visit.meter_wh, SAMPLES, count + 1


@dataclass(slots=True)
class Visit:
    """One car at one station. `meter_wh` is the station's register and grows."""

    station_id: str
    tally: Tally
    meter_wh: int
    samples: int
    number: int
    started_wh: int = field(init=False)
    started_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.started_wh = self.meter_wh
        self.started_at = time.time() - (SAMPLES + 1) * STEP_S

    @property
    def token(self) -> bytes:
        """The card that is held before the reader."""
        return token_of(self.station_id).encode()

    @property
    def ended_at(self) -> bytes:
        """When the session ends: as many steps after its start as it has samples, and one."""
        return stamp(self.started_at + (self.samples + 1) * STEP_S)

    def readings(self) -> Iterator[Reading]:
        """Yields the samples in order, and moves the register on."""
        for index in range(self.samples):
            wave = (self.number * 3 + index) % len(_WAVE)
            step_wh, power_w, currents_a, voltage_v = _WAVE[wave]
            self.meter_wh += step_wh
            at = stamp(self.started_at + (index + 1) * STEP_S)
            yield Reading(at, self.meter_wh, power_w, currents_a, voltage_v, 40 + index // 3)

    def heard(self, answer: bytes) -> None:
        """Takes the answer to Authorize.

        Raises:
            ConnectionError: if the token is not accepted: a refused one would cost other work.
        """
        if b'"Accepted"' not in answer:
            raise ConnectionError(f"{self.station_id}: token refused: {answer.decode()}")

    def sampled(self) -> None:
        """Counts a sample that was answered."""
        self.tally.samples += self.tally.is_open

    def ended(self, transaction_id: str) -> None:
        """Books the session: its end was answered."""
        booking = Booking(self.meter_wh - self.started_wh, self.samples)
        self.tally.booked[self.station_id, transaction_id] = booking


def stamp(moment: float) -> bytes:
    """Returns an instant as OCPP writes it, to the millisecond, in UTC."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").encode()


def _session_16(visit: Visit) -> Script:
    token = visit.token
    visit.heard((yield b'"Authorize",{"idTag":"%b"}' % token))
    answer = yield (
        b'"StartTransaction",{"connectorId":1,"idTag":"%b","meterStart":%d,"timestamp":"%b"}'
        % (token, visit.meter_wh, stamp(visit.started_at))
    )
    transaction: int = orjson.loads(answer)["transactionId"]
    for reading in visit.readings():
        yield _METER_VALUES % (transaction, reading.at, *_values(reading))
        visit.sampled()
    yield (
        b'"StopTransaction",{"idTag":"%b","meterStop":%d,"timestamp":"%b","transactionId":%d,'
        b'"reason":"Local"}' % (token, visit.meter_wh, visit.ended_at, transaction)
    )
    visit.ended(str(transaction))


def _session_201(visit: Visit) -> Script:
    token, transaction = visit.token, str(uuid.uuid4())
    wire = transaction.encode()
    visit.heard((yield b'"Authorize",{"idToken":{"idToken":"%b","type":"ISO14443"}}' % token))
    begin = stamp(visit.started_at)
    yield _STARTED % (begin, wire, token, begin, visit.meter_wh)
    for index, reading in enumerate(visit.readings()):
        yield _UPDATED % (reading.at, index + 1, wire, reading.at, *_values(reading))
        visit.sampled()
    end = visit.ended_at
    yield _ENDED % (end, visit.samples + 1, wire, token, end, visit.meter_wh)
    visit.ended(transaction)


def _values(reading: Reading) -> tuple[int | bytes, ...]:
    return (
        reading.energy_wh,
        reading.power_w,
        *reading.currents_a,
        reading.voltage_v,
        reading.soc_percent,
    )


def _wave(index: int) -> tuple[int, bytes, tuple[bytes, bytes, bytes], bytes]:
    """Returns one sample of a charge that wavers a little: Wh since the last, W, A, V."""
    tenths_a = (160 - index % 5, 159 - index % 4, 158 - index % 3)
    volt = 229 + index % 4
    power_w = volt * sum(tenths_a) / 10
    currents = b"%.1f %.1f %.1f" % tuple(tenth / 10 for tenth in tenths_a)
    first, second, third = currents.split()
    return round(power_w * STEP_S / 3600), b"%.1f" % power_w, (first, second, third), b"%d" % volt


# Wh since the last sample, W, A of the three phases, V.
_WAVE = tuple(_wave(index) for index in range(17))

_MEASURANDS = (
    ("Energy.Active.Import.Register", "%d", None, "Wh"),
    ("Power.Active.Import", "%b", None, "W"),
    ("Current.Import", "%b", "L1", "A"),
    ("Current.Import", "%b", "L2", "A"),
    ("Current.Import", "%b", "L3", "A"),
    ("Voltage", "%b", "L1-N", "V"),
    ("SoC", "%d", None, "Percent"),
)


def _sampled_16() -> bytes:
    """Returns the sampledValue array of 1.6: numbers and units as strings."""
    values = []
    for measurand, hole, phase, unit in _MEASURANDS:
        location = "EV" if measurand == "SoC" else "Outlet"
        value = {"value": hole, "context": "Sample.Periodic", "measurand": measurand}
        value |= {"phase": phase} if phase else {}
        values.append(value | {"location": location, "unit": unit})
    return orjson.dumps(values)


def _sampled_201() -> bytes:
    """Returns the sampledValue array of 2.0.1: numbers as numbers, units as objects."""
    values = []
    for measurand, hole, phase, unit in _MEASURANDS:
        location = "EV" if measurand == "SoC" else "Outlet"
        value = {"value": f"<{hole}>", "context": "Sample.Periodic", "measurand": measurand}
        value |= {"phase": phase} if phase else {}
        values.append(value | {"location": location, "unitOfMeasure": {"unit": unit}})
    return orjson.dumps(values).replace(b'"<', b"").replace(b'>"', b"")


_METER_VALUES = (
    b'"MeterValues",{"connectorId":1,"transactionId":%d,"meterValue":[{"timestamp":"%b",'
    b'"sampledValue":' + _sampled_16() + b"}]}"
)
_UPDATED = (
    b'"TransactionEvent",{"eventType":"Updated","timestamp":"%b",'
    b'"triggerReason":"MeterValuePeriodic","seqNo":%d,'
    b'"transactionInfo":{"transactionId":"%b","chargingState":"Charging"},'
    b'"evse":{"id":1,"connectorId":1},"meterValue":[{"timestamp":"%b",'
    b'"sampledValue":' + _sampled_201() + b"}]}"
)
_REGISTER = (
    b'"meterValue":[{"timestamp":"%%b","sampledValue":[{"value":%%d,"context":"%b",'
    b'"measurand":"Energy.Active.Import.Register","location":"Outlet",'
    b'"unitOfMeasure":{"unit":"Wh"}}]}]}'
)
_STARTED = (
    b'"TransactionEvent",{"eventType":"Started","timestamp":"%b","triggerReason":"Authorized",'
    b'"seqNo":0,"transactionInfo":{"transactionId":"%b","chargingState":"Charging"},'
    b'"evse":{"id":1,"connectorId":1},"idToken":{"idToken":"%b","type":"ISO14443"},'
    + _REGISTER
    % b"Transaction.Begin"
)
_ENDED = (
    b'"TransactionEvent",{"eventType":"Ended","timestamp":"%b","triggerReason":"StopAuthorized",'
    b'"seqNo":%d,"transactionInfo":{"transactionId":"%b","chargingState":"EVConnected",'
    b'"stoppedReason":"Local"},"evse":{"id":1,"connectorId":1},'
    b'"idToken":{"idToken":"%b","type":"ISO14443"},' + _REGISTER % b"Transaction.End"
)
_SESSIONS: dict[Version, Callable[[Visit], Script]] = {"1.6": _session_16, "2.0.1": _session_201}
