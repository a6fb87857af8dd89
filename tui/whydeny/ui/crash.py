"""Where a fault of this program is written down: the traceback alone, never the values of variables."""

import os
import platform
import tempfile
import traceback
from importlib.metadata import version
from pathlib import Path


def write_report(error: BaseException, folder: Path | None = None) -> str:
    """Write the report of a fault into `folder`; the sentence that says where it is.

    A traceback without locals, and without the message of the error, which may quote an input.
    """
    lines = [
        f"whydeny {version('whydeny')}, Python {platform.python_version()}, {platform.system()}",
        f"TERM={os.environ.get('TERM', '')}",
        "",
        *traceback.format_tb(error.__traceback__),
        type(error).__name__,
    ]
    cause = error.__cause__ or error.__context__
    if cause is not None:
        lines += ["", "after", *traceback.format_tb(cause.__traceback__), type(cause).__name__]
    what = f"whydeny failed ({type(error).__name__}); this is a fault of the program."
    try:
        place = folder if folder is not None else Path(tempfile.gettempdir())
        place.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="whydeny-fault-", suffix=".txt", dir=place)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except OSError:
        return f"{what} No report could be written."
    return f"{what} Its report, which holds no data of yours, is {name}"
