"""Use cases: what a station's report changes, what it is answered, and what follows from it."""
