"""Read a PAN-OS or Panorama configuration."""

from whydeny.model.configuration import Configuration


def read_configuration(data: bytes, name: str, file: int) -> Configuration:
    """Read a configuration export or API answer."""
    raise NotImplementedError
