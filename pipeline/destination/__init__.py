"""The destination: its table, the staged files and their folder, jobs that load."""
