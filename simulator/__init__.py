"""Simulated charging stations and cars that talk OCPP to a central system.

As a library: `from simulator import Fleet`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.library import Fleet

__all__ = ["Fleet"]


def __getattr__(name: str) -> object:
    """Load the library when it is asked for: the command line starts without it."""
    if name == "Fleet":
        from simulator.library import Fleet  # noqa: PLC0415 - that is the point

        return Fleet
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
