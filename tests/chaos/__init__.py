"""Writers, syncs, kills and faults at random; then source and destination row by row."""
