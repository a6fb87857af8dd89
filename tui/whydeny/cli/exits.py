"""Exit statuses of every command."""

from enum import IntEnum


class Exit(IntEnum):
    """0 answered, 1 nothing selected (or a difference found), 2 the call or an input can't be used, 3 a defect of ours."""

    OK = 0
    NOTHING = 1
    DIFFERENT = 1
    UNUSABLE = 2
    DEFECT = 3
    INTERRUPTED = 130
