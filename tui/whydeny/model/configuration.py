"""A configuration as PAN-OS means it: rules in order, the objects they name, and where each came from.

Names and defaults follow the published PAN-OS configuration schemas (7.0 to 10.0): an absent `service` is
application-default in a security rule, service-http in an authentication rule and any in a decryption
rule; an absent `action` is allow in a security rule and no-decrypt in a decryption rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from whydeny.model.release import Release

ANY = ("any",)
# Criteria of security rules that no log shows: of mobile networks, and of SaaS applications.
UNSETTLED = ("source-imsi", "source-imei", "source-nw-slice", "saas-user-list", "saas-tenant-list")


class Rulebase(StrEnum):
    """The rulebases that this program looks into."""

    SECURITY = "security"
    DECRYPTION = "decryption"
    AUTHENTICATION = "authentication"
    OVERRIDE = "application-override"


class Place(StrEnum):
    """Where in the evaluation order a rule list stands."""

    PRE = "pre"
    LOCAL = "local"
    POST = "post"
    DEFAULT = "default"
    COMPILED = "compiled"  # among the rules that the data plane has: which list it came from is not shown


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule came from, and so where it is edited.

    `owner` is the virtual system of a local rule, the device group of a pushed one (`shared` for Panorama's
    shared rules, empty where the export doesn't name the group).
    """

    place: Place
    owner: str = ""
    panorama: bool = False

    def __str__(self) -> str:
        if self.place is Place.COMPILED:
            return "as compiled"
        if self.place is Place.DEFAULT:
            return "default" if not self.panorama else f"default, from Panorama {self.owner}".rstrip()
        if not self.panorama:
            return "local" if self.owner in ("", "vsys1") else f"local, {self.owner}"
        return f"Panorama {self.owner or 'device group not named'}, {self.place}"

    def edited_at(self) -> str:
        """Where an administrator changes it: `local`, or `on Panorama, device group X, pre-rules`."""
        if self.place is Place.COMPILED:
            return "in the configuration that it was compiled from"
        if not self.panorama:
            return "on the firewall" + (f", {self.owner}" if self.owner else "")
        group = (
            "Shared"
            if self.owner == "shared"
            else f"device group {self.owner}"
            if self.owner
            else "the device group that pushed it"
        )
        where = "default rules" if self.place is Place.DEFAULT else f"{self.place}-rules"
        return f"on Panorama, {group}, {where}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of any rulebase; fields that a rulebase doesn't have keep their neutral value.

    `position` counts from 1 in the list the rule stands in (disabled rules included); `number` counts from 1
    over the whole evaluation order of its rulebase and is set when a policy is assembled. Tuples hold the
    members as written; an absent criterion is `("any",)`.
    """

    name: str
    rulebase: Rulebase
    position: int
    origin: Origin
    number: int = 0
    uuid: str | None = None
    from_zones: tuple[str, ...] = ANY
    to_zones: tuple[str, ...] = ANY
    sources: tuple[str, ...] = ANY
    destinations: tuple[str, ...] = ANY
    negate_source: bool = False
    negate_destination: bool = False
    users: tuple[str, ...] = ANY
    source_hips: tuple[str, ...] = ANY
    destination_hips: tuple[str, ...] = ANY
    applications: tuple[str, ...] = ANY
    services: tuple[str, ...] = ANY
    categories: tuple[str, ...] = ANY
    schedule: str | None = None
    rule_type: str = "universal"  # universal, intrazone, interzone
    action: str = "allow"
    disabled: bool = False
    target_negate: bool = False
    targets: tuple[str, ...] = ()  # serials (a vsys as `serial/vsysN`, a device tag as `tag:NAME`); empty = all
    log_start: bool = False
    log_end: bool | None = True  # None: not shown
    log_setting: str | None = None
    tags: tuple[str, ...] = ()
    description: str = ""
    is_default: bool = False
    overridden: bool = False  # of a default rule: whether the configuration changed it
    profiles: tuple[str, ...] = ()  # security profile group or profiles, as `kind:name`
    unsettled: tuple[str, ...] = ()  # members of UNSETTLED criteria, as `element:name`
    # decryption
    decryption_type: str | None = None  # ssl-forward-proxy, ssl-inbound-inspection, ssh-proxy
    profile: str | None = None
    log_success: bool = False
    log_fail: bool = True
    # authentication
    enforcement: str | None = None
    timeout: int = 60
    # application override
    override_protocol: str | None = None
    override_ports: str | None = None
    override_application: str | None = None
    # as the data plane has it compiled: `application/protocol/source port/destination port`, and criteria that can't be read
    cells: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """An address object. `kind` is ip-netmask, ip-range, ip-wildcard or fqdn."""

    name: str
    kind: str
    value: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddressGroup:
    """A static group (members) or a dynamic one (filter)."""

    name: str
    members: tuple[str, ...] = ()
    filter: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """A service object: protocol tcp, udp or sctp; ports as written (`80,8080-8090`)."""

    name: str
    protocol: str
    ports: str
    source_ports: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A service or application group."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApplicationFilter:
    """An application filter: AND over the attributes that are set, OR inside each.

    `flags` are yes-attributes such as `evasive` or `used-by-malware`.
    """

    name: str
    categories: tuple[str, ...] = ()
    subcategories: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    other: tuple[str, ...] = ()  # attributes this program can't judge: makes the filter unknown


@dataclass(frozen=True, slots=True)
class Region:
    """A custom region: address ranges as written."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule. `daily` are `HH:MM-HH:MM`; `weekly` maps a weekday name to such; `dates` are
    `YYYY/MM/DD@HH:MM-YYYY/MM/DD@HH:MM`."""

    name: str
    daily: tuple[str, ...] = ()
    weekly: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExternalList:
    """An external dynamic list; `kind` is ip, domain, url, predefined-ip, predefined-url.

    `exceptions` are addresses that the firewall leaves out of the list (of a list of addresses only).
    """

    name: str
    kind: str
    url: str = ""
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UrlCategory:
    """A custom URL category; `kind` is `URL List` or `Category Match`."""

    name: str
    kind: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuthenticationObject:
    """An authentication enforcement object; the schema's default method is no-captive-portal."""

    name: str
    method: str = "no-captive-portal"
    profile: str | None = None


PREDEFINED_ENFORCEMENTS = {
    "default-browser-challenge": AuthenticationObject("default-browser-challenge", "browser-challenge"),
    "default-web-form": AuthenticationObject("default-web-form", "web-form"),
    "default-no-captive-portal": AuthenticationObject("default-no-captive-portal", "no-captive-portal"),
}


@dataclass(frozen=True, slots=True)
class DecryptionProfile:
    """A decryption profile: the `block-…` switches that are on, by section (`ssl-forward-proxy`, …)."""

    name: str
    blocks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    min_version: str | None = None
    max_version: str | None = None


@dataclass(frozen=True, slots=True)
class CustomApplication:
    """A user-made application; `parent` is its parent-app. `ports` as in predefined content."""

    name: str
    ports: tuple[str, ...] = ()
    ip_protocols: tuple[int, ...] = ()
    icmp_types: tuple[int, ...] = ()
    parent: str | None = None
    category: str = ""
    subcategory: str = ""
    technology: str = ""
    risk: int | None = None
    flags: tuple[str, ...] = ()
    icmp6_types: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LogForwarding:
    """A log-forwarding profile as far as it tags: (log type, filter, tag, action add/remove)."""

    name: str
    tagging: tuple[tuple[str, str, str, str], ...] = ()


@dataclass(slots=True)
class Scope:
    """The objects of one level: a virtual system, a device group, shared."""

    name: str
    addresses: dict[str, Address] = field(default_factory=dict)
    address_groups: dict[str, AddressGroup] = field(default_factory=dict)
    dynamic_user_groups: dict[str, str] = field(default_factory=dict)  # name to the tags it asks for
    services: dict[str, Service] = field(default_factory=dict)
    service_groups: dict[str, Group] = field(default_factory=dict)
    applications: dict[str, CustomApplication] = field(default_factory=dict)
    application_groups: dict[str, Group] = field(default_factory=dict)
    application_filters: dict[str, ApplicationFilter] = field(default_factory=dict)
    regions: dict[str, Region] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    external_lists: dict[str, ExternalList] = field(default_factory=dict)
    url_categories: dict[str, UrlCategory] = field(default_factory=dict)
    enforcements: dict[str, AuthenticationObject] = field(default_factory=dict)
    decryption_profiles: dict[str, DecryptionProfile] = field(default_factory=dict)
    log_forwarding: dict[str, LogForwarding] = field(default_factory=dict)
    ssl_exclusions: tuple[str, ...] = ()


@dataclass(slots=True)
class RuleLists:
    """The rule lists of one level and place; `defaults` are overridden default security rules by name."""

    rules: dict[Rulebase, tuple[Rule, ...]] = field(default_factory=dict)
    defaults: dict[str, Rule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone; `external` are the virtual systems behind a zone of type external."""

    name: str
    external: tuple[str, ...] = ()
    user_id: bool = False


@dataclass(frozen=True, slots=True)
class CaptivePortal:
    """Authentication-portal settings of a virtual system."""

    enabled: bool = True
    mode: str = "transparent"
    redirect_host: str | None = None
    udp_port: int = 4501
    authentication_profile: str | None = None


@dataclass(slots=True)
class VirtualSystem:
    """A virtual system or shared gateway as its own configuration has it.

    In a pushed-shared-policy answer the one virtual system may be named "": the answer doesn't say whose it is.
    """

    name: str
    display_name: str = ""
    scope: Scope = field(default_factory=lambda: Scope(""))
    zones: dict[str, Zone] = field(default_factory=dict)
    local: RuleLists = field(default_factory=RuleLists)
    pushed_pre: RuleLists = field(default_factory=RuleLists)  # folded in by the device or a pushed answer
    pushed_post: RuleLists = field(default_factory=RuleLists)
    pushed: Scope = field(default_factory=lambda: Scope(""))  # objects of the device groups: they rank as the vsys's
    captive_portal: CaptivePortal | None = None


@dataclass(slots=True)
class DeviceGroup:
    """A Panorama device group. `devices` maps a serial to its virtual systems (empty = all)."""

    name: str
    parent: str | None = None
    devices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scope: Scope = field(default_factory=lambda: Scope(""))
    pre: RuleLists = field(default_factory=RuleLists)
    post: RuleLists = field(default_factory=RuleLists)


class ConfigurationKind(StrEnum):
    """What an input says it is; decides how far it can be trusted to be what was in force."""

    RUNNING = "running"
    EFFECTIVE = "effective-running"
    MERGED = "merged"  # follows the candidate
    PUSHED_POLICY = "pushed-shared-policy"
    PUSHED_TEMPLATE = "pushed-template"
    PANORAMA = "panorama"

    @property
    def pushed(self) -> bool:
        """Whether it is the part of a firewall's configuration that a Panorama pushed."""
        return self in (ConfigurationKind.PUSHED_POLICY, ConfigurationKind.PUSHED_TEMPLATE)


@dataclass(slots=True)
class Configuration:
    """One configuration input. Which firewall's policy it makes is decided by `policy.assemble`."""

    kind: ConfigurationKind
    file: int = 0
    release: Release | None = None
    serial: str | None = None
    hostname: str | None = None
    timezone: str | None = None
    saved: datetime | None = None  # when it was read from the firewall, by its clock; a file doesn't say
    panorama_managed: bool = False  # names a Panorama server, or carries pushed parts
    whole: bool = True  # of a firewall's: what is not written there is not configured
    templated: bool = False  # holds template values beside the firewall's own
    candidate: bool = False  # of Panorama's: follows the candidate (a firewall's is then of kind merged)
    shared: Scope = field(default_factory=lambda: Scope("shared"))
    shared_pre: RuleLists = field(default_factory=RuleLists)  # Panorama's shared rules
    shared_post: RuleLists = field(default_factory=RuleLists)
    vsys: dict[str, VirtualSystem] = field(default_factory=dict)
    device_groups: dict[str, DeviceGroup] = field(default_factory=dict)
    templates: dict[str, "Configuration"] = field(default_factory=dict)
    template_stacks: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    ancestors_win: bool = False  # "objects defined in ancestors take higher precedence"
    rematch: bool | None = None  # None: no element, which means off
    url_wait: bool | None = None
    notify_user: bool = False  # ssl-decrypt/notify-user: the opt-out page
    wildcard_top_down: bool = False
    notes: tuple[str, ...] = ()  # what is missing or odd, in sentences


@dataclass(frozen=True, slots=True)
class Policy:
    """What one virtual system of one firewall enforces: rules in evaluation order, defaults last.

    `scopes` resolve names, most local first. `missing` says in sentences what could not be had (a pushed
    policy, a rulebase); `candidate` whether it may be uncommitted; `rivals` are files with other configurations of the
    firewall that could as well be the one in force; `unplaced` those of which nothing tells that they are this firewall's
    and not another's among the inputs.
    """

    vsys: str
    serial: str | None
    release: Release | None
    rules: Mapping[Rulebase, tuple[Rule, ...]]
    scopes: tuple[Scope, ...]
    zones: Mapping[str, Zone] = field(default_factory=dict)
    captive_portal: CaptivePortal | None = None
    rematch: bool | None = None
    notify_user: bool = False
    wildcard_top_down: bool = False
    hostname: str | None = None
    timezone: str | None = None
    files: tuple[int, ...] = ()
    rivals: tuple[int, ...] = ()
    unplaced: tuple[int, ...] = ()
    candidate: bool = False
    pushed_missing: bool = False
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # how it was put together, in sentences: rules left out, what a kind implies
    saved: datetime | None = None
    compiled: bool = False  # holds the rules that the data plane has, and no configuration
