"""Runs one command line in a pseudo-terminal of 80x24, waits until it has a screen up, and leaves with `q`."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

LONGEST = 300.0  # seconds, installing included
QUIET = 2.0  # seconds without output after which the screen is taken to be drawn
ALTERNATE_SCREEN = b"\x1b[?1049h"


def main(command: str) -> None:
    """Run `command`; exit with a sentence unless it showed a full screen and left with status 0."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("bash", ["bash", "-c", command], {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    shown = b""
    began = spoke = time.monotonic()
    while time.monotonic() - began < LONGEST:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                got = os.read(terminal, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not got:
                break
            shown += got
            spoke = time.monotonic()
        elif ALTERNATE_SCREEN in shown and time.monotonic() - spoke > QUIET:
            # Escape first: `q` leaves only from the top, and a notice may be open.
            os.write(terminal, b"\x1b")
            time.sleep(0.5)
            os.write(terminal, b"q")
            spoke = time.monotonic()
    else:
        os.kill(pid, 15)
        sys.exit(f"still running after {LONGEST:.0f} s; the end of what it wrote: {shown[-2000:]!r}")
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if ALTERNATE_SCREEN not in shown:
        sys.exit(f"no full screen was shown (status {status}): {shown.decode(errors='replace')[-2000:]}")
    if status != 0:
        sys.exit(f"left with status {status}: {shown.decode(errors='replace')[-2000:]}")
    print("a full screen, left with q, status 0")


if __name__ == "__main__":
    main(sys.argv[1])
