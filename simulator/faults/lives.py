"""Faults of a station's life: power lost, reboots by itself, boots forgotten, updates that fail."""

from __future__ import annotations

from typing import Final

from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, Group, Span

_DAY_S: Final = 86_400.0

FAULTS: Final = (
    Fault(
        "power-loss",
        "loses its power for five minutes in the middle of a transaction",
        Effects(power_cut_s=300.0),
        start_s=120.0,
        length_s=1.0,
        group=Group.LIFE,
    ),
    Fault(
        "runs-on-after-power-loss",
        "goes on with its transaction after a power loss, for which others end it",
        Effects(resumes_after_power_loss=True),
        group=Group.LIFE,
        quirks=(24,),
    ),
    Fault(
        "queue-lost-with-power",
        "forgets at a power loss all messages that waited",
        Effects(loses_queue=True),
        group=Group.LIFE,
        span=Span.STATION,
    ),
    Fault(
        "watchdog-reboot",
        "is rebooted by its watchdog, in the middle of whatever there is, once a day or so",
        Effects(reboots=True),
        length_s=1.0,
        every_s=_DAY_S,
        group=Group.LIFE,
        span=Span.STATION,
    ),
    Fault(
        "boot-loop",
        "is rebooted by its watchdog every few minutes",
        Effects(reboots=True),
        start_s=300.0,
        length_s=1.0,
        every_s=300.0,
        group=Group.LIFE,
        span=Span.STATION,
    ),
    Fault(
        "never-boots-again",
        "sends no BootNotification after a reboot, and goes on as if nothing was",
        Effects(never_boots_again=True),
        group=Group.LIFE,
        span=Span.STATION,
        quirks=(35,),
    ),
    Fault(
        "breaks-before-boot",
        "breaks down for 20 s when it is asked for anything before its boot was accepted",
        Effects(breaks_before_boot=True),
        group=Group.LIFE,
        span=Span.STATION,
        quirks=(35,),
    ),
    Fault(
        "download-fails",
        "never gets to the end of the download of a firmware",
        Effects(maintenance_failures=frozenset({"DownloadFailed"})),
        group=Group.LIFE,
        span=Span.STATION,
    ),
    Fault(
        "bad-signature",
        "finds the signature of every firmware wrong",
        Effects(maintenance_failures=frozenset({"InvalidSignature"})),
        group=Group.LIFE,
        span=Span.STATION,
    ),
    Fault(
        "installation-fails",
        "fails in the installation of every firmware",
        Effects(maintenance_failures=frozenset({"InstallationFailed"})),
        group=Group.LIFE,
        span=Span.STATION,
    ),
    Fault(
        "upload-fails",
        "never gets to the end of the upload of a log or of diagnostics",
        Effects(maintenance_failures=frozenset({"UploadFailure"})),
        group=Group.LIFE,
        span=Span.STATION,
    ),
)
"""In the order in which they are listed."""
