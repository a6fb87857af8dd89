"""What a note stands on, as the text that a snapshot keeps it under."""

import json
from collections.abc import Mapping

from whydeny.verdict.triage import Group

_SESSION, _GROUP = "session ", "group "
LONGEST = 2000  # characters of a note that somebody types


def session_note(row: int) -> str:
    """The key of a note on a session, by its row in the session table (from 0)."""
    return f"{_SESSION}{row}"


def group_note(group: Group) -> str:
    """The key of a note on a group of sessions."""
    return _GROUP + json.dumps(group.key, ensure_ascii=False)


def noted_rows(notes: Mapping[str, str]) -> dict[int, str]:
    """The notes on sessions, by row, in the order of the table."""
    found = {}
    for on, note in notes.items():
        number = on.removeprefix(_SESSION)
        if on.startswith(_SESSION) and number.isascii() and number.isdigit() and len(number) < 10:
            found[int(number)] = note
    return dict(sorted(found.items()))
