"""The command line: arguments, exit statuses, and the only place that writes to stdout."""
