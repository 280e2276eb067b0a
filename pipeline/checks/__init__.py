"""Checks of rows: texts of their formats → `Check`s."""
