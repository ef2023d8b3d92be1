"""`make chaos`: a fleet, a fault proxy and real processes; each scenario ends in figures."""
