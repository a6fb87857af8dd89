"""What a firewall answered, or a list by hand says: run-time facts that no configuration holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from whydeny.model.configuration import Rulebase


@dataclass(frozen=True, slots=True)
class UserMapping:
    """`show user ip-user-mapping`: who was behind an address when it was asked. Timeouts in seconds."""

    address: int
    user: str
    vsys: str | None = None
    kind: str | None = None
    idle_timeout: int | None = None
    timeout: int | None = None


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """A `test …-policy-match` answer: the rules it names, in order; `asked` is the flow it was asked with,
    where the answer says (usually it does not). `actions` are those of the rules, empty where the answer has none."""

    rulebase: Rulebase
    rules: tuple[str, ...]
    file: int = 0
    actions: tuple[str, ...] = ()
    asked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunningRule:
    """A rule of `show running …-policy`, as the data plane compiled it (brace text, values as written)."""

    name: str
    index: int | None
    fields: Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class DeviceAnswers:
    """All run-time facts among the inputs. Empty means nobody asked."""

    list_members: dict[str, tuple[str, ...]] = field(default_factory=dict)  # external list → members as written
    # external list → the members of the pages that are there, and how many it has: no more than that is known
    partial_lists: dict[str, tuple[tuple[str, ...], int]] = field(default_factory=dict)
    fqdns: dict[str, tuple[int, ...]] = field(default_factory=dict)  # host name → addresses
    group_addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)  # dynamic group → members
    registered_tags: dict[int, frozenset[str]] = field(default_factory=dict)  # address → tags
    registered_complete: bool = False  # whether an absent address has no tags
    user_groups: dict[str, frozenset[str]] = field(default_factory=dict)  # group → users (lower case)
    user_mappings: tuple[UserMapping, ...] = ()
    tests: tuple[PolicyTest, ...] = ()
    running: dict[Rulebase, tuple[RunningRule, ...]] = field(default_factory=dict)
