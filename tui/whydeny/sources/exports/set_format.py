"""Read a configuration in set format."""

from whydeny.model.configuration import Configuration


def read_set_format(text: str, name: str, file: int) -> Configuration:
    """Read `set` lines."""
    raise NotImplementedError
