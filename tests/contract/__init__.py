"""What every source promises, told once and run for each of them."""
