"""Puts a small site on the screen for tests, presses keys, and waits until the screen has followed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from textual.pilot import Pilot

import site_builder
from whydeny.model.site import Site
from whydeny.settings import Settings
from whydeny.ui.app import ExplorerApp, Options
from whydeny.ui.screens.explorer import ExplorerScreen

LONGEST = 20.0  # seconds that a test waits for the screen

# One session every half minute, from 09:00:00 on; those that end in policy-deny are told apart by their application.
DENIED = [
    {"app": "facebook-posting", "src": "10.1.1.10", "rule": "Social", "flags": "decrypted", "sessionid": 101},
    {"app": "quic", "src": "10.1.1.9", "rule": "Out", "proto": "udp", "sessionid": 102},
    {"app": "ssh", "src": "10.1.1.100", "rule": "Out", "dport": 22, "sessionid": 103, "bytes": 99_000,
     "srcuser": "ex\\mk"},
    {"app": "web-browsing", "src": "2001:db8::7", "dst": "2001:db8:1::80", "rule": "Out", "dport": 8080,
     "sessionid": 104},
]  # fmt: skip
OTHERS = [
    {"app": "ssl", "session_end_reason": "tcp-fin", "subtype": "end", "rule": "Out", "bytes": 50_000 + n,
     "src": f"10.1.2.{n}", "sessionid": 200 + n}
    for n in range(1, 9)
] + [
    {"app": "dns", "action": "deny", "rule": "No-DNS", "proto": "udp", "dport": 53, "src": "10.1.1.10",
     "sessionid": 300, "subtype": "drop"}
]  # fmt: skip
ROWS = DENIED + OTHERS
CASE: dict[str, Any] = {
    "release": "10.2.4",
    "system_info": True,
    "others": [row | {"end": f"09:{n // 2:02}:{n % 2 * 30:02}", "elapsed": 2} for n, row in enumerate(ROWS)],
    "rules": [
        "No-DNS from=trust to=untrust app=dns service=any action=deny",
        "Partners from=trust to=untrust destination=edl-partners app=any service=any action=deny",
        "Silent from=trust to=untrust app=quic service=any action=drop log-end=no",
        "Social from=trust to=untrust app=facebook-base,ssl service=application-default",
        "Out from=trust to=untrust app=web-browsing,ssl service=application-default",
    ],
    "decryption": ["Decrypt from=trust to=untrust user=ex\\staff action=decrypt kind=ssl-forward-proxy"],
    "authentication": ["Portal from=trust to=dmz user=unknown enforcement=default-web-form"],
    "objects": {"external-list": {"edl-partners": "ip"}},
    "system": [{"at": "09:01:30", "eventid": "general", "opaque": "Commit job succeeded. Completion time=2024/05/02"}],
    "decryption_log": [],
}


def built(case: dict[str, Any]) -> Site:
    """The site of a case of `site_builder`."""
    with TemporaryDirectory() as folder:
        return site_builder.build(case, Path(folder))


@cache
def small_site() -> Site:
    """Thirteen sessions, four of them allowed and then denied. Nobody may change it."""
    case = CASE | {"session": {}}
    first, *others = case["others"]
    return built(case | {"session": first, "others": others})


@dataclass
class Stage:
    """The screen and its user."""

    app: ExplorerApp
    pilot: Pilot[int]

    @property
    def explorer(self) -> ExplorerScreen:
        """The main screen, whatever is over it."""
        return next(screen for screen in reversed(self.app.screen_stack) if isinstance(screen, ExplorerScreen))

    async def settle(self) -> None:
        """Wait until no work is under way and the panes belong to the row under the cursor."""
        waited = 0.0
        while True:
            await self.pilot.pause(0.02)
            waited += 0.02
            if not self.app.is_running or (not self.app.jobs.busy and self._followed()):
                await self.pilot.pause()
                return
            assert waited < LONGEST, f"the screen is still busy:\n{self.text}"

    def _followed(self) -> bool:
        screens = [screen for screen in self.app.screen_stack if isinstance(screen, ExplorerScreen)]
        if not screens or not screens[0].query("#foot"):
            return False
        row, explained = screens[0].table.row, screens[0].explained
        if row is None:
            return explained is None and bool(screens[0].why.lines)
        return explained is not None and explained.row == row

    async def press(self, *keys: str) -> "Stage":
        """Press keys one after the other, then wait."""
        for key in keys:
            await self.pilot.press(key)
        await self.settle()
        return self

    async def type(self, text: str) -> "Stage":
        """Type a text, then wait."""
        names = {" ": "space", "(": "left_parenthesis", ")": "right_parenthesis", ".": "full_stop", "-": "minus",
                 "!": "exclamation_mark", ":": "colon", "/": "slash"}  # fmt: skip
        return await self.press(*(names.get(letter, letter) for letter in text))

    @property
    def lines(self) -> list[str]:
        """The screen, row by row."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        """The screen as text."""
        return "\n".join(self.lines)

    @property
    def rows(self) -> list[int]:
        """The numbers of the rows that the table shows, in its order."""
        return [int(row) for row in self.explorer.table.view.order]

    @property
    def ids(self) -> list[int]:
        """The session numbers of the rows that the table shows, in its order."""
        frame = self.explorer.bench.frame
        return [int(frame["session_id"][row]) for row in self.rows]

    @property
    def session(self) -> int:
        """The session number under the cursor."""
        row = self.explorer.table.row
        assert row is not None
        return int(self.explorer.bench.frame["session_id"][row])


@asynccontextmanager
async def staged(
    site: Site,
    size: tuple[int, int] = (120, 40),
    where: str | None = None,
    reports: Path | None = None,
    settled: bool = True,
    title: str = "small site",
    memory: Path | None = None,
    **settings: Any,
) -> AsyncIterator[Stage]:
    """The explorer with a site on it, at a size, with settings."""
    options = Options(settings=Settings(**{"theme": "dark", "glyphs": "unicode", "clipboard": "file", **settings}),
                      reports=reports, memory=memory)  # fmt: skip
    app = ExplorerApp(lambda *_: site, title, where, options)
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, pilot)
        if settled:
            await asyncio.wait_for(stage.settle(), LONGEST + 5)
        yield stage
