"""What really happened, to hold a central system's records against."""
