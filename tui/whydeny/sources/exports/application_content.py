"""Read predefined application content."""

from whydeny.model.applications import ApplicationTable


def read_applications(data: bytes, name: str) -> ApplicationTable:
    """Read predefined application content."""
    raise NotImplementedError
