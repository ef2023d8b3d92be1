"""A simulated world against a real server, and how well the server knew it."""
