"""What every test stands on: folders of its own instead of the user's, and example inputs where they lie."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from whydeny.demo import demo_folder
from whydeny.model.site import Site
from whydeny.sources.open import open_inputs

if TYPE_CHECKING:
    from whydeny.demo.standin import StandIn

# Tests of screens and firewalls wait about as much as they work.
WORKERS_A_CORE = 2


def pytest_xdist_auto_num_workers() -> int:
    """How many tests run side by side with `-n auto`."""
    return (os.cpu_count() or 1) * WORKERS_A_CORE


SHARED = Path(__file__).parents[1].parent / "shared"


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Settings, data and cache in a temporary folder, so that no test reads or writes the user's own."""
    home = tmp_path_factory.mktemp("home")
    own = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_STATE_HOME": home / "state",
        "XDG_CACHE_HOME": home / "cache",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, folder in own.items():
            patch.setitem(os.environ, name, str(folder))
        patch.delitem(os.environ, "NO_COLOR", raising=False)  # --no-color sets it for the whole process
        yield home


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of example inputs beside the checkout; the test is skipped where there is none."""
    if not SHARED.is_dir():
        pytest.skip("no folder of example inputs beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def demonstration() -> Iterator[Path]:
    """The folder of the demonstration site's files."""
    with demo_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def demonstration_site(demonstration: Path) -> Site:
    """The demonstration site, read. Tests share it and leave it as it is."""
    return open_inputs([demonstration])


@pytest.fixture
def stand_in() -> Iterator["StandIn"]:
    """A firewall of a test's own: the demonstration's, played on this machine over TLS."""
    from live_stage import stand_in_of  # loads the screen

    with stand_in_of() as running:
        yield running


@pytest.fixture
def cursor_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A live firewall is asked about the session under the cursor only where a test wants it."""
    from whydeny.ui.screens import live_cursor

    monkeypatch.setattr(live_cursor, "LIVE_REST", 3600.0)


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was put on the clipboard."""
    from whydeny.ui.clipboard import Copied

    texts: list[str] = []

    def take(self: object, text: str, done: Any) -> None:
        texts.append(text)
        done(Copied("test", True, "taken"))

    monkeypatch.setattr("whydeny.ui.app.ExplorerApp.copy_text", take)
    return texts
