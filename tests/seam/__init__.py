"""Outcomes at the seam: the real code and client library before BigQuery's rules in process."""
