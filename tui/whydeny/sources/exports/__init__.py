"""Saved files: one module a kind of file."""
