"""What a meter shows of the power, and which values are told."""
