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


MEANINGS: dict[Exit, str] = {
    Exit.OK: "The question was answered; compare: nothing differs.",
    Exit.NOTHING: "No session is selected, or what was asked for is not there; compare: something differs.",
    Exit.UNUSABLE: "The call or an input can't be used; standard error says which and why.",
    Exit.DEFECT: "A defect of this program, named in one line; WHYDENY_DEBUG=1 shows where.",
    Exit.INTERRUPTED: "Interrupted (Ctrl-C), or stopped from the screen.",
}
