"""PostgreSQL: where what was answered is kept. Knows the engine's ports, no socket of a station."""
