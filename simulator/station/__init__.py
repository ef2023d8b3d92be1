"""One charging station without input or output, in either version."""
