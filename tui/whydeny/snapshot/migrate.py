"""From the format of an older snapshot to today's, one small step a version."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from whydeny.snapshot.manifest import FORMAT


@dataclass(slots=True)
class Raw:
    """The parts of a snapshot as they were read, before the model looks at them: JSON values and tables by name."""

    texts: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)


# The step from format N to N + 1, by N. Format 1 is the first.
STEPS: dict[int, Callable[[Raw], None]] = {}


def migrate(raw: Raw, version: int) -> None:
    """Bring `raw`, which is of format `version`, to `FORMAT`, in place."""
    for step in range(version, FORMAT):
        STEPS[step](raw)
