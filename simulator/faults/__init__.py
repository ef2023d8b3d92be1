"""Misbehaviour on purpose: what can go wrong, when it does, and what it changes."""
