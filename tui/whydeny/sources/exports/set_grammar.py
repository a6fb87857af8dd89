"""What set lines may hold, as far as the readers look at it: the keywords below each level, and what follows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from whydeny.model.configuration import UNSETTLED


@dataclass(frozen=True, slots=True)
class Node:
    """What may follow a keyword: `text` one value, `members` a list, `flag` nothing; else keywords in `inside`,
    after a name where `named`."""

    kind: str
    inside: "Mapping[str, Node]" = field(default_factory=dict)
    named: bool = False


_TEXT, _MEMBERS, _FLAG = Node("text"), Node("members"), Node("flag")


def _container(**inside: Node) -> Node:
    return Node("container", {key.replace("_", "-"): node for key, node in inside.items()})


def _entries(**inside: Node) -> Node:
    return Node("container", {key.replace("_", "-"): node for key, node in inside.items()}, named=True)


def _words(words: str, node: Node) -> dict[str, Node]:
    return {word.replace("-", "_"): node for word in words.split()}


_MATCH = {
    **_words(
        "from to source destination source-user source-hip destination-hip hip-profiles service category tag", _MEMBERS
    ),
    **_words(
        "negate-source negate-destination disabled log-start log-end log-setting description schedule rule-type "
        "action uuid",
        _TEXT,
    ),
    "target": _container(negate=_TEXT, devices=_entries(vsys=_entries()), tags=_MEMBERS),
    "profile_setting": _container(
        group=_MEMBERS,
        profiles=_container(
            **_words(
                "virus spyware vulnerability url-filtering file-blocking wildfire-analysis data-filtering", _MEMBERS
            )
        ),
    ),
}
_DECRYPTION_TYPES = _container(
    ssl_forward_proxy=_FLAG, ssh_proxy=_FLAG, ssl_inbound_inspection=_container(certificates=_MEMBERS)
)


def _rules(**more: Node) -> Node:
    return _container(rules=Node("container", _entries(**{**_MATCH, **more}).inside, named=True))


_RULEBASE = _container(
    security=_rules(
        application=_MEMBERS,
        **_words(" ".join(UNSETTLED), _MEMBERS),
    ),
    decryption=_rules(type=_DECRYPTION_TYPES, profile=_TEXT, log_success=_TEXT, log_fail=_TEXT),
    authentication=_rules(authentication_enforcement=_TEXT, timeout=_TEXT),
    captive_portal=_rules(),
    application_override=_rules(application=_TEXT, protocol=_TEXT, port=_TEXT),
    default_security_rules=_rules(application=_MEMBERS),
)
_PORTS = _container(port=_TEXT, source_port=_TEXT)
_URL = _container(url=_TEXT, exception_list=_MEMBERS)
_OBJECTS = {
    "address": _entries(ip_netmask=_TEXT, ip_range=_TEXT, ip_wildcard=_TEXT, fqdn=_TEXT, tag=_MEMBERS),
    "address_group": _entries(static=_MEMBERS, dynamic=_container(filter=_TEXT), tag=_MEMBERS),
    "dynamic_user_group": _entries(filter=_TEXT, tag=_MEMBERS),
    "service": _entries(protocol=_container(tcp=_PORTS, udp=_PORTS, sctp=_PORTS), tag=_MEMBERS),
    "service_group": _entries(members=_MEMBERS, tag=_MEMBERS),
    "application_group": _entries(members=_MEMBERS),
    "application": _entries(
        default=_container(
            port=_MEMBERS,
            ident_by_ip_protocol=_TEXT,
            ident_by_icmp_type=_container(type=_TEXT),
            ident_by_icmp6_type=_container(type=_TEXT),
        ),
        **_words("category subcategory technology risk parent-app", _TEXT),
    ),
    "application_filter": _entries(
        tagging=_container(tag=_MEMBERS, no_tag=_TEXT),
        **_words("category subcategory technology risk exclude saas-certifications saas-risk", _MEMBERS),
    ),
    "region": _entries(address=_MEMBERS),
    "schedule": _entries(
        schedule_type=_container(
            recurring=_container(
                daily=_MEMBERS,
                weekly=_container(**_words("monday tuesday wednesday thursday friday saturday sunday", _MEMBERS)),
            ),
            non_recurring=_MEMBERS,
        )
    ),
    "external_list": _entries(
        type=_container(ip=_URL, domain=_URL, url=_URL, imsi=_URL, imei=_URL, predefined_ip=_URL, predefined_url=_URL)
    ),
    "profiles": _container(
        custom_url_category=_entries(list=_MEMBERS, type=_TEXT),
        decryption=_entries(
            ssl_protocol_settings=_container(min_version=_TEXT, max_version=_TEXT),
            **_words("ssl-forward-proxy ssl-inbound-proxy ssl-no-proxy ssh-proxy", _container()),
        ),
    ),
    "authentication_object": _entries(authentication_method=_TEXT, authentication_profile=_TEXT),
    "log_settings": _container(
        profiles=_entries(
            match_list=_entries(
                log_type=_TEXT,
                filter=_TEXT,
                actions=_entries(type=_container(tagging=_container(action=_TEXT, tags=_MEMBERS, target=_TEXT))),
            )
        )
    ),
    "ssl_decrypt": _container(ssl_exclude_cert=_entries()),
}
_SYSTEM = {
    **_OBJECTS,
    "display_name": _TEXT,
    "rulebase": _RULEBASE,
    "zone": _entries(
        network=_container(
            external=_MEMBERS, layer3=_MEMBERS, layer2=_MEMBERS, virtual_wire=_MEMBERS, tap=_MEMBERS, tunnel=_FLAG
        )
    ),
    "captive_portal": _container(
        mode=_container(redirect=_FLAG, transparent=_FLAG),
        **_words("redirect-host gp-udp-port authentication-profile", _TEXT),
    ),
    "setting": _container(ssl_decrypt=_container()),
}
_LEVEL = {**_OBJECTS, "pre_rulebase": _RULEBASE, "post_rulebase": _RULEBASE}
_SERVERS = _words("panorama-server panorama-server-2", _TEXT)
_DEVICE = {
    "vsys": _entries(**_SYSTEM),
    "network": _container(shared_gateway=_entries(**_SYSTEM)),
    "deviceconfig": _container(
        system=_container(
            hostname=_TEXT, timezone=_TEXT, panorama=_container(local_panorama=_container(**_SERVERS)), **_SERVERS
        ),
        setting=_container(config=_container(), ssl_decrypt=_container(), management=_container()),
    ),
}
_GROUP = {**_LEVEL, "devices": _entries(vsys=_entries()), "parent_dg": _TEXT}
# At each root keyword: where its element stands below <config>.
AT_ROOT = _container(
    shared=_container(**_LEVEL),
    panorama=_container(**_LEVEL, vsys=_entries(**_LEVEL)),
    readonly=_container(devices=_entries(device_group=_entries(parent_dg=_TEXT))),
)
AT_DEVICE = _container(
    **_DEVICE,
    device_group=_entries(**_GROUP),
    template=_entries(config=Node("config"), devices=_entries()),
    template_stack=_entries(config=Node("config"), templates=_MEMBERS, devices=_entries()),
)
IN_TEMPLATE = _container(**_DEVICE)
AT_SYSTEM = _container(**_SYSTEM)
