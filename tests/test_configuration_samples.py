"""Published and example configurations are read and assembled; what they hold is counted."""

from pathlib import Path

import pytest

from whydeny.model.configuration import ConfigurationKind, Policy, Rulebase
from whydeny.policy.assemble import assemble
from whydeny.sources.exports.configuration import read_configuration


@pytest.mark.parametrize(
    ("file", "call", "expected"),
    [
        pytest.param("cdot65_fw_10.2_dal-vfw-01.xml", {}, (0, 0, 0, 2), id="managed firewall without rules"),
        pytest.param("oci_fw_10.0_nlb.xml", {}, (4, 0, 0, 2), id="firewall 10.0"),
        pytest.param("php_fw_8.0_stage00.xml", {}, (58, 0, 0, 10), id="firewall 8.0"),
        pytest.param("skilletlib_fw_9.0_config.xml", {}, (34, 1, 0, 7), id="firewall 9.0"),
        pytest.param(
            "php_panorama_10.0_merger.xml", {"serial": "000007777"}, (3, 1, 1, 0), id="Panorama, one firewall"
        ),
        pytest.param("php_panorama_10.0_merger.xml", {"serial": "007100000290"}, (4, 1, 0, 0), id="Panorama, another"),
        pytest.param("psc_all-rulebases_11.0.xml", {}, (0, 1, 1, 0), id="every rulebase"),
        pytest.param("psc_nested-device-groups.xml", {}, (1, 0, 0, 0), id="nested device groups"),
    ],
)
def test_published_configurations(
    shared: Path, file: str, call: dict[str, str], expected: tuple[int, int, int, int]
) -> None:
    data = (shared / "samples" / "configurations" / file).read_bytes()
    policy = assemble([read_configuration(data, file, 0)], **call)
    counts = [len([r for r in policy.rules[base] if not r.is_default]) for base in list(Rulebase)[:3]]
    assert (*counts, len(policy.zones)) == expected
    check_order(policy)


def check_order(policy: Policy) -> None:
    for rules in policy.rules.values():
        assert [rule.number for rule in rules] == list(range(1, len(rules) + 1))
    assert [r.name for r in policy.rules[Rulebase.SECURITY][-2:]] == ["intrazone-default", "interzone-default"]


def test_every_configuration_of_the_cases(shared: Path) -> None:
    found = [*(shared / "cases").glob("*/*running*.xml"), *(shared / "policy-cases" / "configs").glob("*.xml")]
    assert found
    for path in found:
        configuration = read_configuration(path.read_bytes(), path.name, 0)
        if configuration.kind is ConfigurationKind.PANORAMA:
            serial = next(iter(next(iter(configuration.device_groups.values())).devices))
            check_order(assemble([configuration], serial=serial))
        else:
            for vsys in configuration.vsys:
                check_order(assemble([configuration], vsys))
