"""The command `simulator`."""

from __future__ import annotations

from simulator.cli.app import app, main

__all__ = ["app", "main"]

if __name__ == "__main__":
    main()
