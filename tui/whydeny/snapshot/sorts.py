"""What every text of the model is, for redaction: one sort for each column and field."""

from enum import Enum, auto

from whydeny.model.answers import PolicyTest, Told, UserMapping
from whydeny.model.columns import Kind
from whydeny.model.configuration import (
    Address,
    AddressGroup,
    ApplicationFilter,
    AuthenticationObject,
    CaptivePortal,
    Configuration,
    CustomApplication,
    DecryptionProfile,
    DeviceGroup,
    ExternalList,
    LogForwarding,
    Origin,
    Region,
    Rule,
    Schedule,
    Scope,
    Service,
    UrlCategory,
    VirtualSystem,
    Zone,
)
from whydeny.model.release import Release
from whydeny.model.site import SystemInfo


class Sort(Enum):
    """What a text is, and so how it is replaced."""

    KEEP = auto()  # a word of PAN-OS, a number, a time: tells nothing
    DROP = auto()  # nothing needs it
    RULE = auto()
    ZONE = auto()
    OBJECT = auto()
    PLACE = auto()  # what stands where a country could: an address object, group, region or list
    TAG = auto()
    GROUP = auto()  # a virtual system, device group or template
    APPLICATION = auto()
    APPLICATION_TAG = auto()
    CATEGORY = auto()
    CATEGORIES = auto()  # several, with commas
    COUNTRY = auto()
    USER = auto()
    HOST = auto()
    CERTIFICATE = auto()  # a common name: a host's, or words
    URL = auto()
    SERIAL = auto()
    UUID = auto()
    NUMBER = auto()  # an identifier in digits
    MEMBERS = auto()  # address members: names, addresses, networks, ranges
    TARGET = auto()  # SERIAL, SERIAL/VSYS or tag:NAME
    PROFILE = auto()  # KIND:NAME
    EXPRESSION = auto()  # tags joined by and, or
    THREAT = auto()
    PROSE = auto()
    LINES = auto()  # parts of a configuration, as free text
    SPECIAL = auto()  # the class has its own code in `redact`


_KEPT = (
    "subtype high_res_time action inbound_interface outbound_interface parent_start tunnel app_subcategory "
    "app_category app_technology app_characteristics end_reason action_source offloaded state "
    "tracker_stage session_type portal_session proxied client_stage server_stage tls_version key_exchange encryption "
    "hash curve error_index root_status chain_status proxy_type not_before not_after authentication_id vendor "
    "client_type event auth_protocol severity direction content_version method module command client result "
    "data_source data_source_type data_source_subtype factor_type"
)

# Columns of words and text, in whatever log they stand.
COLUMN_SORTS: dict[str, Sort] = {
    **dict.fromkeys(_KEPT.split(), Sort.KEEP),
    **dict.fromkeys(("rule", "decryption_rule", "authentication_rule"), Sort.RULE),
    **dict.fromkeys(("from_zone", "to_zone"), Sort.ZONE),
    **dict.fromkeys(("user", "destination_user", "normalized_user", "admin", "dynamic_user_group"), Sort.USER),
    **dict.fromkeys(("source_edl", "destination_edl", "source_dag", "destination_dag"), Sort.PLACE),
    **dict.fromkeys(("log_setting", "object", "server_profile", "data_source_name", "policy_id", "host_id"), Sort.OBJECT),
    **dict.fromkeys(("source_country", "destination_country"), Sort.COUNTRY),
    **dict.fromkeys(("application", "app_container", "tunneled_app"), Sort.APPLICATION),
    **dict.fromkeys(("subject_cn", "issuer_cn", "root_cn"), Sort.CERTIFICATE),
    **dict.fromkeys(("device_name", "server_name", "host"), Sort.HOST),
    **dict.fromkeys(("vsys", "vsys_name"), Sort.GROUP),
    **dict.fromkeys(("error", "description"), Sort.PROSE),
    **dict.fromkeys(("path", "before", "after"), Sort.LINES),
    "serial": Sort.SERIAL,
    "rule_uuid": Sort.UUID,
    "category": Sort.CATEGORY,
    "url_categories": Sort.CATEGORIES,
    "tunnel_id": Sort.NUMBER,
    "url": Sort.URL,
    "threat_name": Sort.THREAT,
    "tag": Sort.TAG,
}  # fmt: skip


def column_sort(kind: Kind, name: str) -> Sort:
    """The sort of a column of words or text."""
    return Sort.PROSE if (kind, name) == (Kind.SYSTEM, "object") else COLUMN_SORTS[name]


# Fields of the model's dataclasses that hold text, in tuples and mappings too (a mapping's keys are of the same
# sort unless its values have a name of their own).
FIELD_SORTS: dict[type, dict[str, Sort]] = {
    Release: {"hotfix": Sort.KEEP},
    Origin: {"owner": Sort.GROUP},
    Rule: {
        "name": Sort.RULE, "uuid": Sort.UUID, "from_zones": Sort.ZONE, "to_zones": Sort.ZONE, "sources": Sort.MEMBERS,
        "destinations": Sort.MEMBERS, "users": Sort.USER, "source_hips": Sort.OBJECT, "destination_hips": Sort.OBJECT,
        "applications": Sort.APPLICATION, "services": Sort.OBJECT, "categories": Sort.CATEGORY,
        "schedule": Sort.OBJECT, "rule_type": Sort.KEEP, "action": Sort.KEEP, "targets": Sort.TARGET,
        "log_setting": Sort.OBJECT, "tags": Sort.TAG, "description": Sort.DROP, "profiles": Sort.PROFILE,
        "unsettled": Sort.PROFILE,
        "decryption_type": Sort.KEEP, "profile": Sort.OBJECT, "enforcement": Sort.OBJECT,
        "override_protocol": Sort.KEEP, "override_ports": Sort.KEEP, "override_application": Sort.APPLICATION,
        "cells": Sort.DROP, "unread": Sort.KEEP,  # of compiled rules, which no configuration holds
    },
    Address: {"name": Sort.PLACE, "kind": Sort.KEEP, "value": Sort.SPECIAL, "tags": Sort.TAG},
    AddressGroup: {
        "name": Sort.PLACE, "members": Sort.MEMBERS, "filter": Sort.EXPRESSION, "tags": Sort.TAG,
    },
    Service: {
        "name": Sort.OBJECT, "protocol": Sort.KEEP, "ports": Sort.KEEP, "source_ports": Sort.KEEP, "tags": Sort.TAG,
    },
    ApplicationFilter: {
        "name": Sort.APPLICATION, "categories": Sort.KEEP, "subcategories": Sort.KEEP, "technologies": Sort.KEEP,
        "risks": Sort.KEEP, "flags": Sort.KEEP, "tags": Sort.APPLICATION_TAG, "exclude": Sort.APPLICATION,
        "other": Sort.KEEP,
    },
    Region: {"name": Sort.PLACE, "addresses": Sort.MEMBERS},
    Schedule: {"name": Sort.OBJECT, "daily": Sort.KEEP, "weekly": Sort.KEEP, "dates": Sort.KEEP},
    ExternalList: {"name": Sort.PLACE, "kind": Sort.KEEP, "url": Sort.DROP, "exceptions": Sort.MEMBERS},
    UrlCategory: {"name": Sort.CATEGORY, "kind": Sort.KEEP, "members": Sort.SPECIAL},
    AuthenticationObject: {"name": Sort.OBJECT, "method": Sort.KEEP, "profile": Sort.OBJECT},
    DecryptionProfile: {
        "name": Sort.OBJECT, "blocks": Sort.KEEP, "min_version": Sort.KEEP, "max_version": Sort.KEEP,
    },
    CustomApplication: {
        "name": Sort.APPLICATION, "ports": Sort.KEEP, "parent": Sort.APPLICATION, "category": Sort.KEEP,
        "subcategory": Sort.KEEP, "technology": Sort.KEEP, "flags": Sort.KEEP,
    },
    LogForwarding: {"name": Sort.OBJECT, "tagging": Sort.SPECIAL},
    Scope: {"name": Sort.GROUP, "ssl_exclusions": Sort.URL, "dynamic_user_groups": Sort.EXPRESSION},
    Zone: {"name": Sort.ZONE, "external": Sort.GROUP},
    CaptivePortal: {"mode": Sort.KEEP, "redirect_host": Sort.HOST, "authentication_profile": Sort.OBJECT},
    VirtualSystem: {"name": Sort.GROUP, "display_name": Sort.GROUP},
    DeviceGroup: {"name": Sort.GROUP, "parent": Sort.GROUP, "devices": Sort.SERIAL},
    Configuration: {
        "serial": Sort.SERIAL, "hostname": Sort.HOST, "timezone": Sort.KEEP, "templates": Sort.GROUP,
        "template_stacks": Sort.SERIAL, "notes": Sort.PROSE,
    },
    SystemInfo: {
        "hostname": Sort.HOST, "serial": Sort.SERIAL, "model": Sort.KEEP, "content_version": Sort.KEEP,
        "content_released": Sort.KEEP,
    },
    UserMapping: {"user": Sort.USER, "vsys": Sort.GROUP, "kind": Sort.KEEP},
    Told: {"firewall": Sort.SPECIAL, "vsys": Sort.GROUP},
    PolicyTest: {"rules": Sort.RULE, "actions": Sort.KEEP, "asked": Sort.SPECIAL},
}  # fmt: skip

# Arguments of `test …-policy-match`, but the two addresses.
ASKED_SORTS: dict[str, Sort] = {
    "from": Sort.ZONE, "to": Sort.ZONE, "application": Sort.APPLICATION, "category": Sort.CATEGORY,
    "source-user": Sort.USER, "vsys": Sort.GROUP, "protocol": Sort.KEEP, "destination-port": Sort.KEEP,
}  # fmt: skip
# The same for the fields of a rule as the data plane has it compiled; its addresses and cells have their own code.
COMPILED_CELLS = ("application/service", "application/service(implicit)")
COMPILED_SORTS = {
    "from": Sort.ZONE, "to": Sort.ZONE, "user": Sort.USER, "category": Sort.CATEGORY, "action": Sort.KEEP, "type": Sort.KEEP,
    "terminal": Sort.KEEP, "icmp-unreachable": Sort.KEEP, "id": Sort.KEEP, "index": Sort.KEEP, "vsys": Sort.GROUP,
    "uuid": Sort.UUID, "source-region": Sort.PLACE, "destination-region": Sort.PLACE, "source-device": Sort.OBJECT,
    "destination-device": Sort.OBJECT,
}  # fmt: skip
