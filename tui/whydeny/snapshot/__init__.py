"""Session snapshots: one file that holds what was opened and what was found, to open elsewhere and later."""
