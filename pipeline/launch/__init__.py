"""A launch: parameters → facts → plan, then the graph submitted or run here."""
