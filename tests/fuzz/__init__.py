"""Fuzzing the endpoint and what stands behind it; `python -m tests.fuzz` runs it."""
