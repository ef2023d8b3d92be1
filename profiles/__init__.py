"""Charging profiles: what they are, and what they allow at an instant."""
