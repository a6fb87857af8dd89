"""A firewall itself, over its XML API: read only, bounded, and one sentence for whatever fails.

The only place that imports pan-os-python. Importing `source` costs about 70 ms for that, so import it only when a
firewall is opened.
"""
