"""What a station's health is judged by: a table of deductions, each with rate and bounds. PURE.

Of each rule so much is deducted as its rate is above what is free, times its slope, up to its most;
a family of rules takes no more than the family's most. docs/station-health.md shows this table.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Per(StrEnum):
    """What a rule's count is held against."""

    SESSIONS = "100 sessions"
    DAYS = "day"
    STATION_TIME = "% of the station's time"
    EVSE_TIME = "% of the EVSEs' time"
    CALLS = "100 calls"
    MESSAGES = "1000 messages"
    LOOKS = "% of looks"
    EVSES = "EVSE"


class Rule(NamedTuple):
    """One deduction. `figures` add up to its count (of seconds where it is a share of time).

    Nothing is deducted for fewer than `least`, nor below `free` of the rate; `slope` are the points
    for each one above that.
    """

    name: str
    family: str
    about: str
    figures: tuple[str, ...]
    per: Per
    free: float
    slope: float
    most: float
    least: float = 1


FAMILIES: Final = {
    "availability": 80,
    "starts": 80,
    "ends": 25,
    "meter": 30,
    "profiles": 25,
    "delivery": 15,
    "faults": 20,
    "reboots": 15,
    "connection": 15,
    "answers": 15,
    "protocol": 5,
    "clock": 5,
    "silence": 30,
}
"""The families of rules, and how many points each can take at most."""

_S, _D, _C = Per.SESSIONS, Per.DAYS, Per.CALLS

RULES: Final = (
    Rule("offline", "availability", "time without a connection", ("offline_s",),
         Per.STATION_TIME, 0.5, 2, 60, 300),
    Rule("faulted", "availability", "time in state Faulted", ("faulted_s",),
         Per.EVSE_TIME, 0.2, 2, 60, 300),
    Rule("unavailable", "availability", "time out of service that nobody asked for",
         ("unavailable_s",), Per.EVSE_TIME, 1, 1, 40, 300),
    Rule("failed_starts", "starts", "sessions under 100 Wh that ended within 5 minutes",
         ("failed_starts",), _S, 5, 1.5, 80, 2),
    Rule("zero_energy", "starts", "longer sessions that delivered under 100 Wh",
         ("zero_energy",), _S, 3, 2, 80, 2),
    Rule("start_without_session", "starts", "remote starts that were accepted and not followed",
         ("start_without_session",), _S, 3, 1, 10, 2),
    Rule("charging_without_session", "starts", "charging that no session was told of",
         ("charging_without_session",), _S, 0, 2, 20),
    Rule("aborted", "ends", "sessions ended by PowerLoss, EmergencyStop or a fault",
         ("aborted",), _S, 1, 2, 25, 2),
    Rule("meter_silent", "meter", "sessions with METER_MISSING",
         ("meter_silent",), _S, 2, 0.7, 20, 2),
    Rule("meter_doubtful", "meter", "sessions with METER_ANOMALY",
         ("meter_doubtful",), _S, 1, 1, 30, 2),
    Rule("profile_refused", "profiles", "sessions with PROFILE_REFUSED",
         ("profile_refused",), _S, 1, 0.5, 20, 2),
    Rule("profile_ignored", "profiles", "sessions that did not keep to their limit",
         ("profile_ignored", "over_limit_station"), _S, 2, 0.7, 25, 2),
    Rule("under_delivered", "delivery", "sessions with UNDER_DELIVERY or STALLED",
         ("under_delivered",), _S, 10, 0.5, 15, 3),
    Rule("faults", "faults", "times that it became Faulted, or told of a fault",
         ("faults", "faults_told"), _D, 0.1, 10, 20, 2),
    Rule("reboots", "reboots", "boots that nobody had asked for", ("reboots",), _D, 0.15, 8, 15, 2),
    Rule("drops", "connection", "connections that ended by themselves", ("drops",),
         _D, 3, 0.7, 10, 3),
    Rule("takeovers", "connection", "connections taken over by another one", ("takeovers",),
         _D, 0.5, 3, 10, 2),
    Rule("timeouts", "answers", "calls without an answer", ("timeouts",), _C, 1, 1, 15, 2),
    Rule("late_answers", "answers", "answers after more than 10 s", ("late",), _C, 5, 0.3, 5, 3),
    Rule("call_errors", "answers", "calls answered with an error", ("call_errors",),
         _C, 5, 0.2, 5, 3),
    Rule("refused_messages", "protocol", "frames and messages that had to be refused",
         ("refused",), Per.MESSAGES, 1, 0.2, 5, 3),
    Rule("clock", "clock", "looks at which its clock was wrong by more than a minute",
         ("clock_wrong",), Per.LOOKS, 5, 0.1, 5, 3),
    Rule("silent", "silence", "EVSEs that charge nobody any more while others do",
         ("silent",), Per.EVSES, 0, 15, 30),
)  # fmt: skip
