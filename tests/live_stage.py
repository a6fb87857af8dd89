"""Puts a live firewall on the screen for tests: the demonstration's, on a stand-in of their own, with nothing moving."""

import asyncio
import atexit
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import polars as pl
import trustme

from ui_stage import LONGEST, Stage
from whydeny.demo.live import demo_estate
from whydeny.demo.standin import KEY, PASSWORD, USER, StandIn, run_stand_in
from whydeny.demo.standin_estate import Estate
from whydeny.model.columns import Kind
from whydeny.settings import Settings
from whydeny.sources.firewall.limits import Limits
from whydeny.sources.firewall.secret import Secret
from whydeny.ui.app import Options
from whydeny.ui.link import Link, Target
from whydeny.ui.live import LiveApp
from whydeny.ui.screens.live import LiveScreen
from whydeny.ui.screens.login import LoginScreen

NEVER = 3600  # seconds between looks: a test looks by pressing the key


@cache
def _template() -> Estate:
    return demo_estate()


def fresh_estate() -> Estate:
    """What the demonstration's headquarters firewall has, for one test to change. It is noon there."""
    made = _template()
    return replace(
        made,
        system=dict(made.system),
        configurations=dict(made.configurations),
        logs=dict(made.logs),
        sessions=[dict(row) for row in made.sessions],
        lists=dict(made.lists),
        users=dict(made.users),
        jobs=list(made.jobs),
        _began=time.monotonic(),
    )


@cache
def denied() -> int:
    """How many sessions of its last hour were allowed, then denied."""
    traffic = _template().logs[Kind.TRAFFIC]
    refused = (pl.col("end_reason") == "policy-deny") & (pl.col("action") == "allow")
    return traffic.filter(refused & (pl.col("receive_time") >= _template().clock - timedelta(hours=1))).height


def discarded() -> int:
    """How many sessions it holds as discarded."""
    return sum(row["state"] == "DISCARD" for row in _template().sessions)


def shown() -> int:
    """How many rows the first view has."""
    return denied() + discarded()


@cache
def authority() -> trustme.CA:
    """The authority that signed the stand-ins' certificate."""
    return trustme.CA()


@cache
def ca_file() -> Path:
    """Its certificate, in a folder of its own."""
    path = Path(mkdtemp(prefix="whydeny-ca-")) / "ca.pem"
    atexit.register(rmtree, path.parent)
    authority().cert_pem.write_to_path(str(path))
    return path


@cache
def _server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1").configure_cert(context)
    return context


@contextmanager
def stand_in_of(estate: Estate | None = None) -> Iterator[StandIn]:
    """A stand-in whose certificate `authority` signed."""
    with run_stand_in(estate or fresh_estate(), _server_tls()) as running:
        yield running


def link_to(stand_in: StandIn, key: str | None = KEY, **target: Any) -> Link:
    """A link to a stand-in that trusts its authority, without pauses between tries."""
    trust: dict[str, Any] = {"ca_file": ca_file()} if not {"insecure", "fingerprint", "ca_file"} & set(target) else {}
    return Link(
        Target("127.0.0.1", stand_in.port, **(trust | target)),
        Secret(key) if key else None,
        limits=Limits(per_minute=100_000, back_off=(0.0, 0.0)),
    )


@dataclass
class LiveStage(Stage):
    """The live screen and its user."""

    @property
    def explorer(self) -> LiveScreen:
        """The main screen, whatever is over it."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, LiveScreen))

    @property
    def logging_in(self) -> bool:
        """Whether the form is what is seen."""
        return isinstance(self.app.screen, LoginScreen)

    def _followed(self) -> bool:
        if not any(isinstance(screen, LiveScreen) for screen in self.app.screen_stack):
            return True
        if self.explorer.away:
            return True
        return self.explorer.ready and not self.explorer.unjudged and super()._followed()

    async def wait(self, what: Any) -> None:
        """Wait until something is so."""
        waited = 0.0
        while not what():
            await self.pilot.pause(0.02)
            waited += 0.02
            assert waited < LONGEST, f"it never came:\n{self.text}"

    async def log_in(self, password: str = PASSWORD, user: str = USER) -> None:
        """Fill the form in."""
        await self.type(user)
        await self.press("enter")
        await self.type(password)
        await self.press("enter")


@asynccontextmanager
async def live(
    link: Link,
    size: tuple[int, int] = (120, 40),
    where: str | None = None,
    settled: bool = True,
    reports: Path | None = None,
    **settings: Any,
) -> AsyncIterator[LiveStage]:
    """The screen on a link, left as a user would leave it."""
    chosen = {"theme": "dark", "glyphs": "unicode", "clipboard": "file", "pace": NEVER} | settings
    app = LiveApp(link, where, Options(settings=Settings(**chosen), reports=reports))
    try:
        async with app.run_test(size=size) as pilot:
            stage = LiveStage(app, pilot)
            if settled:
                await asyncio.wait_for(stage.settle(), LONGEST + 5)
            yield stage
    finally:
        link.close()


def head(stage: LiveStage) -> str:
    """The top line."""
    return next(line for line in stage.lines if line.strip())


def words(stand_in: StandIn) -> list[str]:
    """What a stand-in was asked, in words."""
    return [seen.words for seen in stand_in.seen]


def pane(stage: LiveStage, name: str) -> str:
    """The text of a pane, whether it is in sight or not."""
    return "\n".join(line.text for line in stage.explorer.query_one(f"#{name}").lines)


def page(stage: LiveStage) -> str:
    """The text of a page, whether it is in sight or not."""
    return "\n".join(line.text for line in stage.app.screen.pane.lines)


def change(stand_in: StandIn, **row: str) -> dict[str, str]:
    """Change the first discarded session of the session table; as it was before."""
    estate = stand_in.estate
    with estate.lock:
        place = next(n for n, session in enumerate(estate.sessions) if session["state"] == "DISCARD")
        before = estate.sessions[place]
        estate.sessions[place] = before | row
        estate.version += 1
    return before
