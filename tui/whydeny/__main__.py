"""`python -m whydeny`."""

from whydeny.cli.main import main

if __name__ == "__main__":
    main()
