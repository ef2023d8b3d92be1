"""Simulated charging stations and cars that talk OCPP to a central system."""
