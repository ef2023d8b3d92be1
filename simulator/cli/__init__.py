"""The command `simulator`: what is typed, and what is shown."""
