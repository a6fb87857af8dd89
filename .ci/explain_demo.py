"""Runs `whydeny explain` on the packaged demonstration, as installed beside this Python, and counts its answers."""

import json
import subprocess
import sys
from pathlib import Path

from whydeny.demo import demo_folder, demo_truth

REFUSED = "allowed-then-denied"


def main() -> None:
    """Explain every refused session of the demonstration; exit with a sentence where the answer is not whole."""
    command = Path(sys.executable).with_name("whydeny")
    with demo_folder() as folder:
        done = subprocess.run([command, "explain", folder, "--format", "json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"whydeny explain ended with {done.returncode}: {done.stderr[-2000:]}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    planted = sum(truth.outcome == REFUSED for truth in demo_truth())
    print(f"{len(answers)} of {planted} refused sessions explained; the first: {answers[0]['verdict']['headline']}")
    if len(answers) != planted or any(answer["outcome"] != REFUSED for answer in answers):
        sys.exit("the answers are not those of the demonstration's refused sessions")


if __name__ == "__main__":
    main()
