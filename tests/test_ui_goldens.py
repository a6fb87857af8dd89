"""Named scenes of the demonstration, as pictures that are the README's too.

A scene that changed on purpose is taken anew with `WHYDENY_GOLDENS=new pytest tests/test_ui_goldens.py`.
"""

import os
from functools import cache
from pathlib import Path

import pytest

from ui_stage import staged
from whydeny.demo import demo_folder
from whydeny.model.site import Site
from whydeny.sources.open import open_inputs

PICTURES = Path(__file__).parents[1] / "screenshots"

SCENES: dict[str, tuple[tuple[int, int], list[str], dict[str, str]]] = {
    "first-view": ((120, 40), [], {}),
    "narrow": ((80, 24), ["j", "j"], {}),
    "wide": ((200, 60), ["j", "j", "m", "j"], {}),
    "detail": ((120, 40), ["j", "enter"], {}),
    "rule": ((120, 40), ["3", "enter"], {}),
    "members": ((120, 40), ["slash", "ctrl+u", *"active-directory", "enter", "u"], {}),
    "overview": ((120, 40), ["o"], {}),
    "related": ((120, 40), ["r"], {}),
    "manual": ((100, 36), ["e"], {}),
    "filter": ((120, 30), ["slash", *"quic"], {}),
    "triage": ((120, 40), ["t"], {}),
    "what-if": ((120, 40), ["slash", *"branch-web", "enter", "w"], {}),
    "copy": ((100, 30), ["Y"], {}),
    "light": ((120, 40), [], {"theme": "light"}),
    "ascii": ((100, 30), [], {"glyphs": "ascii", "theme": "plain"}),
}


@cache
def demo_site() -> Site:
    with demo_folder() as folder:
        here = Path.cwd()
        os.chdir(folder)  # so that the pictures show names without a temporary folder
        try:
            # One by one, without what is passed over in a folder, so that no name has a folder in front.
            inputs = (path for path in folder.iterdir() if not path.name.startswith("README"))
            return open_inputs(sorted(path.relative_to(folder) for path in inputs))
        finally:
            os.chdir(here)


@pytest.fixture(autouse=True)
def same_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.mark.parametrize("scene", SCENES)
async def test_scene(scene: str, tmp_path: Path) -> None:
    size, keys, settings = SCENES[scene]
    async with staged(demo_site(), size=size, title="demonstration (synthetic)", **settings) as stage:
        await stage.press(*keys)
        picture = stage.app.export_screenshot(title="whydeny")
    golden = PICTURES / f"{scene}.svg"
    if os.environ.get("WHYDENY_GOLDENS") == "new":
        golden.write_text(picture, "utf-8")
    taken = tmp_path / golden.name
    taken.write_text(picture, "utf-8")
    assert golden.read_text("utf-8") == picture, f"{scene} looks different now: {taken}"


def test_no_picture_is_left_without_a_scene() -> None:
    assert {path.stem for path in PICTURES.glob("*.svg")} == set(SCENES)
