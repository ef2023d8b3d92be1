"""Certification cases as transcripts with expectations, played through a whole server.

A case is written as `book` tells; `stage` is what it plays on, `charger` whom it plays with,
`patterns` what it expects. `make conformance` plays all.
"""
