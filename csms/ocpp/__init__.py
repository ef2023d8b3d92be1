"""Translators between the wire and the domain, one table per version.

PURE. The only place that knows member names of OCPP, and which version calls what how.
"""

from csms.ocpp.effects import answer_status, effect_of, effect_of_error, status_reason
from csms.ocpp.routes import ROUTES, Route, encode_command
from csms.ocpp.unreadable import CannotCarry, Unreadable

__all__ = [
    "ROUTES",
    "CannotCarry",
    "Route",
    "Unreadable",
    "answer_status",
    "effect_of",
    "effect_of_error",
    "encode_command",
    "status_reason",
]
