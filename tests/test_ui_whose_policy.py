"""A Panorama configuration that holds several firewalls' policies: the screen asks whose is meant."""

import asyncio
from dataclasses import replace

import polars as pl

import site_builder
import ui_stage
from whydeny.model.configuration import (
    Configuration,
    ConfigurationKind,
    DeviceGroup,
    Origin,
    Place,
    Rule,
    Rulebase,
    RuleLists,
)
from whydeny.model.site import Site
from whydeny.model.tables import SessionTable
from whydeny.ui.app import ExplorerApp, Options
from whydeny.ui.screens.explorer import ExplorerScreen
from whydeny.ui.screens.picker import PickScreen
from whydeny.ui.widgets.bar import Bar


def group(name: str, rule: str, serial: str) -> DeviceGroup:
    origin = Origin(Place.PRE, name, panorama=True)
    own = Rule(rule, Rulebase.SECURITY, 1, origin, number=1)
    return DeviceGroup(name, devices={serial: ()}, pre=RuleLists({Rulebase.SECURITY: (own,)}))


def open_site() -> Site:
    groups = {"north": group("north", "North-Out", "000001"), "south": group("south", "South-Out", "000002")}
    panorama = Configuration(ConfigurationKind.PANORAMA, device_groups=groups)
    return replace(ui_stage.small_site(), configurations=[panorama], systems=[])


async def test_the_chosen_group_is_judged_by() -> None:
    app = ExplorerApp(lambda *_: open_site(), "test", None, Options())
    async with app.run_test(size=(100, 30)) as pilot:
        async with asyncio.timeout(20):
            while not isinstance(app.screen, PickScreen):
                await pilot.pause(0.05)
            await pilot.press("s", "o", "u")
            assert "Whose policy for " in app.screen.query_one("#picker-title", Bar).text
            await pilot.press("enter")
            while not isinstance(app.screen, ExplorerScreen):
                await pilot.pause(0.05)
        judge = app.screen.bench.judge
        engine = judge.engine_for(None, "vsys1")
        assert judge.device_group == "south"
        assert engine is not None
        assert engine.policy.rules[Rulebase.SECURITY][0].name == "South-Out"


async def test_the_choice_is_for_the_firewall_that_panorama_does_not_list() -> None:
    site = open_site()
    frame = site.sessions.frame.with_row_index("n").with_columns(
        pl.when(pl.col("n") == 0).then(pl.lit("000001")).otherwise(pl.col("serial").cast(pl.String))
        .cast(pl.Categorical()).alias("serial")
    )  # fmt: skip
    site = replace(site, sessions=SessionTable(frame.drop("n")))
    app = ExplorerApp(lambda *_: site, "test", None, Options())
    async with app.run_test(size=(100, 30)) as pilot:
        async with asyncio.timeout(20):
            while not isinstance(app.screen, PickScreen):
                await pilot.pause(0.05)
            await pilot.press("s", "o", "u")
            assert "for 000001" not in app.screen.query_one("#picker-title", Bar).text
            await pilot.press("enter")
            while not isinstance(app.screen, ExplorerScreen):
                await pilot.pause(0.05)
        judge = app.screen.bench.judge
        listed, other = judge.engine_for("000001", "vsys1"), judge.engine_for(site_builder.SERIAL, "vsys1")
        assert listed is not None
        assert other is not None
        assert listed.policy.rules[Rulebase.SECURITY][0].name == "North-Out"
        assert other.policy.rules[Rulebase.SECURITY][0].name == "South-Out"
