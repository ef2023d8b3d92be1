"""The commands of `csms`, one module each; heavy imports wait until a command runs."""
