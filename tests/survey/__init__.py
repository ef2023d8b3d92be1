"""What our central system makes of each fault of the simulator, one station for each."""
