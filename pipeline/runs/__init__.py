"""Runs: their history, lock and lease, settling of dead ones, who is told."""
