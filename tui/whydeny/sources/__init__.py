"""Bytes to model: saved exports and the firewall itself."""
