"""A fleet on real sockets, against the clock."""
