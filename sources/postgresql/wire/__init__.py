"""COPY BINARY as Arrow batches: decoded by compiled code, or by Python where there is none."""
