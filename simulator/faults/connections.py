"""Faults of the link: lost, half open, slow, and what it does with pings and idle times."""

from __future__ import annotations

from typing import Final

from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, Group, Span

_KILOBYTE: Final = 1024.0


def _fault(name: str, summary: str, effects: Effects, quirk: int) -> Fault:
    return Fault(
        name,
        summary,
        effects,
        group=Group.CONNECTIONS,
        span=Span.STATION,
        quirks=(quirk,),
    )


FAULTS: Final = (
    Fault(
        "drop-connection",
        "loses its connection for two minutes of a transaction and queues its messages",
        Effects(is_offline=True),
        start_s=60.0,
        length_s=120.0,
        group=Group.CONNECTIONS,
        quirks=(22,),
    ),
    Fault(
        "flapping-link",
        "loses its connection for 15 s every ten minutes or so",
        Effects(is_offline=True),
        length_s=15.0,
        every_s=600.0,
        group=Group.CONNECTIONS,
        span=Span.STATION,
        quirks=(34,),
    ),
    Fault(
        "second-link",
        "connects again in the middle of a transaction while its old socket stays open",
        Effects(leaves_link_open=True),
        start_s=60.0,
        length_s=1.0,
        group=Group.CONNECTIONS,
        quirks=(30,),
    ),
    _fault(
        "no-pong", "never answers a ping of the central system", Effects(ignores_pings=True), 34
    ),
    _fault(
        "hangs-up-after-110-s",
        "hangs up when it has heard nothing for 110 s",
        Effects(closes_after_idle_s=110.0),
        34,
    ),
    _fault(
        "pings-for-heartbeats",
        "sends a ping every 30 s in the place of heartbeats",
        Effects(pings_every_s=30.0),
        34,
    ),
    _fault(
        "frames-in-pieces",
        "sends its frames in pieces of 100 bytes",
        Effects(fragment_bytes=100.0),
        38,
    ),
    _fault(
        "slow-frames",
        "sends 1 kB a second, so that large messages take their time",
        Effects(bytes_per_s=_KILOBYTE),
        38,
    ),
    _fault(
        "binary-frames",
        "sends its messages in binary frames",
        Effects(sends_binary=True),
        37,
    ),
)
"""In the order in which they are listed."""
