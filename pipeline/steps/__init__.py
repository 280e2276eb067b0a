"""The graph and its steps: read → conform → stage → publish → report."""
