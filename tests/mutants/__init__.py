"""Each promise broken once, in a copy: its test must fail."""
