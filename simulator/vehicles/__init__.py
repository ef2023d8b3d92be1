"""Cars: batteries, what they draw, when they come."""
