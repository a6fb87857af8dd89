"""Which rule takes a session, and why not the ones above it. Pure: no files, no network."""
