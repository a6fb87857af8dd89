"""A key or a password that shows itself to nobody who doesn't ask for it by name."""

from typing import NoReturn


class Secret:
    """Text that `str`, `repr`, `format`, pickling and a crash report's list of locals all see as `******`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __str__(self) -> str:
        return "******"

    def __repr__(self) -> str:
        return "Secret(******)"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not stored")
