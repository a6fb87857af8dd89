"""`python -m whydeny.ui.desktop`: standard input to the desktop's clipboard; status 0 only if it is there then."""

import sys

import pyperclip


def main() -> int:
    """Copy, read back, compare."""
    text = sys.stdin.buffer.read().decode("utf-8")
    try:
        pyperclip.copy(text)
        return 0 if pyperclip.paste().replace("\r\n", "\n") == text else 1
    except (pyperclip.PyperclipException, OSError):
        return 1


if __name__ == "__main__":
    sys.exit(main())
