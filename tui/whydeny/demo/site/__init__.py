"""The generator of the demonstration site: a made-up company, its rules, a morning of traffic, and what was planted."""
