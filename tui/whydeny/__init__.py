"""whydeny: why a Palo Alto Networks firewall allowed a session and then refused it."""

__version__ = "0.1.0"
