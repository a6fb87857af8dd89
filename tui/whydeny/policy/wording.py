"""Short lists and clauses that the sentences of a look-up are put together from."""

from collections.abc import Sequence


def several(items: Sequence[str], most: int = 3, word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`, `a, b, c and 12 more`."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most:,} more"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def members(names: Sequence[str], most: int = 6) -> str:
    """What a rule's field lists, compact: `a, b, c` and how many more there are."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most:,} more"
    return ", ".join(names)
