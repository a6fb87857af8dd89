"""The command `whydeny`."""


def main() -> None:
    """Run the command line."""
