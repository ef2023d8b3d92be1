"""The single checks behind `profiles.rules`, by what they look at."""
