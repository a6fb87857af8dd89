"""Read what a firewall answered about its run-time state."""

from whydeny.model.answers import DeviceAnswers


def read_answers(data: bytes, name: str, file: int) -> DeviceAnswers | None:
    """The answers in a file, None for anything that is not such an answer."""
    raise NotImplementedError


def merge_answers(a: DeviceAnswers, b: DeviceAnswers) -> DeviceAnswers:
    """Both answers together."""
    raise NotImplementedError


def read_list(text: str, name: str) -> DeviceAnswers:
    """A plain list of members named after an object."""
    raise NotImplementedError
