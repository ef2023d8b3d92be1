"""What the system is about: stations, sessions, samples, tokens, facts and wishes. PURE."""
