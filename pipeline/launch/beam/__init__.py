"""Beam's own options, and the way onto its runners."""
