"""The page that `smart-sync report` writes.

past_days (BigQuery) → told (values) → figures (SVG), tables (numbers) → page (HTML)
"""
