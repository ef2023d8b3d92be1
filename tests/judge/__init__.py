"""A labelled benchmark: sessions made from physics, played by `csms replay`, scored by label."""
