"""Laddvakt, an OCPP central system that watches every charging session."""
