"""Scenario files and the fleets that they make."""
