"""A Panorama configuration that holds several firewalls' policies: the screen asks whose is meant."""

import asyncio
from dataclasses import replace

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
from whydeny.ui.app import ExplorerApp, Options
from whydeny.ui.screens.explorer import ExplorerScreen
from whydeny.ui.screens.picker import PickScreen


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
            await pilot.press("s", "o", "u", "enter")
            while not isinstance(app.screen, ExplorerScreen):
                await pilot.pause(0.05)
        judge = app.screen.bench.judge
        engine = judge.engine_for(None, "vsys1")
        assert judge.device_group == "south"
        assert engine is not None
        assert engine.policy.rules[Rulebase.SECURITY][0].name == "South-Out"
