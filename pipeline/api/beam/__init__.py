"""Transforms for users' own pipelines; `smart_sync.beam` is their name."""
