"""Open any number of saved files and folders together."""

from collections.abc import Sequence
from pathlib import Path

from whydeny.model.progress import Progress
from whydeny.model.site import Site


def open_inputs(paths: Sequence[Path], progress: Progress | None = None) -> Site:
    """Read every input; each file's kind is recognised from its content.

    In a folder, `expected.json`, `README*` and dotfiles are passed over. A file that can't be used becomes a
    `Problem` when others are good; raises `InputError` (one sentence) when nothing could be used at all.
    """
    raise NotImplementedError
