"""Where sockets meet the engine: accepting stations, reading frames, sending answers and calls."""
