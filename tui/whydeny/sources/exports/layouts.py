"""Which heading, XML element or place in a syslog line is which column, and what the columns say of the release.

Sources: PAN-OS administrator's guide, "Syslog Field Descriptions" 6.1 to 11.1
(https://docs.paloaltonetworks.com/pan-os/11-1/pan-os-admin/monitoring/use-syslog-for-monitoring/syslog-field-descriptions),
and the headings of the web interface's CSV exports of 4.0 to 11.x.
"""

import re
from collections.abc import Sequence
from functools import cache

from whydeny.model.columns import COLUMNS, Kind
from whydeny.model.release import Release
from whydeny.model.safe import safe_text

KINDS = {
    "TRAFFIC": Kind.TRAFFIC,
    "THREAT": Kind.THREAT,
    "URL": Kind.URL,
    "DECRYPTION": Kind.DECRYPTION,
    "AUTH": Kind.AUTHENTICATION,
    "AUTHENTICATION": Kind.AUTHENTICATION,
    "SYSTEM": Kind.SYSTEM,
    "CONFIG": Kind.CONFIGURATION,
    "USERID": Kind.USERID,
    "IPTAG": Kind.IPTAG,
}
# Log types of the same firewalls that say nothing about a refused session.
OTHER_TYPES = (
    "HIPMATCH", "HIP-MATCH", "GLOBALPROTECT", "TUNNEL", "START", "END", "SCTP", "GTP", "CORRELATION", "WILDFIRE", "DATA",
    "ALARM", "AUDIT", "EXTERNAL",
)  # fmt: skip
EXTRA = "x:"  # what the name of a column begins with that COLUMNS does not know


def fold(heading: str) -> str:
    """A heading or key in the form in which they compare: `Serial #` → `serial`, `Source address` → `source_address`."""
    return re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")


def kind_of(log_type: str, subtype: str) -> Kind | None:
    """The kind of a row by its Type and Threat/Content Type; None for a type that is not read."""
    kind = KINDS.get(log_type.strip().upper())
    return Kind.URL if kind is Kind.THREAT and subtype.strip().lower() == "url" else kind


@cache
def names_by_heading(kind: Kind) -> dict[str, tuple[str, int]]:
    """Folded heading → name of the column and how good the heading is (0 best: a title, then key, then alias)."""
    found: dict[str, tuple[str, int]] = {}
    for column in COLUMNS[kind]:
        spelled = [*((t, 0) for t in column.titles), (column.key, 1), *((a, 2) for a in column.aliases)]
        for text, rank in spelled:
            known = found.get(fold(text))
            if known is None or rank < known[1]:
                found[fold(text)] = (column.name, rank)
    return found


def assign(kind: Kind, headings: Sequence[str]) -> dict[int, str]:
    """Place of a heading → name of the column it feeds; `x:HEADING` for one that PAN-OS does not document.

    A column is fed by its best heading (`Serial #` is the firewall, `Serial Number` behind `Host ID` a host), the first
    of equals. Headings without a name (padding) and those of PAN-OS that are not used are left out.
    """
    known = names_by_heading(kind)
    best: dict[str, tuple[int, int]] = {}
    for place, heading in enumerate(headings):
        if fold(heading) == "serial_number" and place and fold(headings[place - 1]) == "host_id":
            continue
        if (match := known.get(fold(heading))) and (match[0] not in best or match[1] < best[match[0]][0]):
            best[match[0]] = (match[1], place)
    found = {place: name for name, (_, place) in best.items()}
    taken = set(found.values())
    for place, heading in enumerate(headings):
        folded = fold(heading)
        extra = EXTRA + safe_text(heading.strip(), 100)
        if place not in found and folded and folded not in known and folded not in UNUSED and extra not in taken:
            found[place] = extra
            taken.add(extra)
    return found


_COMMON = "- receive_time serial type subtype config_ver time_generated "
_SESSION = (
    "src dst natsrc natdst rule srcuser dstuser app vsys from to inbound_if outbound_if logset time_received sessionid "
    "repeatcnt sport dport natsport natdport flags proto action "
)
_GROUPS = "dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name device_name "
_SOURCE = "src_category src_profile src_model src_vendor src_osfamily src_osversion src_host src_mac "
_DESTINATION = "dst_category dst_profile dst_model dst_vendor dst_osfamily dst_osversion dst_host dst_mac "
_PODS = "container_id pod_namespace pod_name src_edl dst_edl "
_APPLICATION = (
    "subcategory_of_app category_of_app technology_of_app risk_of_app characteristic_of_app container_of_app "
)

# The keys of a line's fields in order, for the newest release; older ones stop earlier. `-` is FUTURE_USE.
_THREAT = (
    _COMMON + _SESSION + "misc threatid category severity direction seqno actionflags srcloc dstloc - contenttype pcap_id "
    "filedigest cloud url_idx user_agent filetype xff referer sender subject recipient reportid " + _GROUPS + "- src_uuid "
    "dst_uuid http_method tunnelid_imsi monitortag_imei parent_session_id parent_start_time tunnel thr_category contentver - "
    "assoc_id ppid http_headers url_category_list rule_uuid http2_connection dynusergroup_name xff_ip " + _SOURCE
    + _DESTINATION + _PODS + "hostid serialnumber domain_edl src_dag dst_dag partial_hash high_res_timestamp reason "
    "justification nssai_sst " + _APPLICATION + "tunneled_app is_saas_of_app sanctioned_state_of_app cloud_reportid "
    "cluster_name flow_type"
).split()  # fmt: skip
ORDERS: dict[Kind, list[str]] = {
    Kind.TRAFFIC: (
        _COMMON + _SESSION + "bytes bytes_sent bytes_received packets start elapsed category - seqno actionflags srcloc "
        "dstloc - pkts_sent pkts_received session_end_reason " + _GROUPS + "action_source src_uuid dst_uuid tunnelid_imsi "
        "monitortag_imei parent_session_id parent_start_time tunnel assoc_id chunks chunks_sent chunks_received rule_uuid "
        "http2_connection link_change_count policy_id link_switches sdwan_cluster sdwan_device_type sdwan_cluster_type "
        "sdwan_site dynusergroup_name xff_ip " + _SOURCE + _DESTINATION + _PODS + "hostid serialnumber src_dag dst_dag "
        "session_owner high_res_timestamp nssai_sst nssai_sd " + _APPLICATION + "tunneled_app is_saas_of_app "
        "sanctioned_state_of_app offloaded flow_type cluster_name ai_traffic ai_fwd_error k8s_cluster_id tcp_rtt_c2s "
        "tcp_rtt_s2c total_n_ooseq_c2s total_n_ooseq_s2c tcp_retransit_cnt_c2s tcp_retransit_cnt_s2c tcp_zero_window_cnt_c2s "
        "tcp_zero_window_cnt_s2c src_adv_devid dst_adv_devid"
    ).split(),
    Kind.THREAT: _THREAT,
    Kind.URL: _THREAT,
    Kind.DECRYPTION: (
        _COMMON + _SESSION + "tunnel - - src_uuid dst_uuid rule_uuid hs_stage_c2f hs_stage_f2s tls_version tls_keyxchg "
        "tls_enc tls_auth policy_name ec_curve err_index root_status chain_status proxy_type cert_serial fingerprint "
        "notbefore notafter cert_ver cert_size cn_len issuer_len rootcn_len sni_len cert_flags cn issuer_cn root_cn sni "
        "error " + _PODS + "src_dag dst_dag high_res_timestamp " + _SOURCE + _DESTINATION + "seqno actionflags " + _GROUPS
        + "vsys_id " + _APPLICATION + "is_saas_of_app sanctioned_state_of_app cluster_name"
    ).split(),
    Kind.AUTHENTICATION: (
        _COMMON + "vsys ip user normalize_user object authpolicy repeatcnt authid vendor logset serverprofile desc "
        "clienttype event factorno seqno actionflags " + _GROUPS + "vsys_id authproto rule_uuid high_res_timestamp "
        + _SOURCE + "region - user_agent sessionid cluster_name"
    ).split(),
    Kind.SYSTEM: (
        _COMMON + "vsys eventid object - - module severity opaque seqno actionflags " + _GROUPS + "- - high_res_timestamp"
    ).split(),
    Kind.CONFIGURATION: (
        _COMMON + "host vsys cmd admin client result path before-change-preview after-change-preview seqno actionflags "
        + _GROUPS + "dg_id comment - high_res_timestamp"
    ).split(),
    Kind.USERID: (
        _COMMON + "vsys ip user datasourcename eventid repeatcnt timeout beginport endport datasource datasourcetype seqno "
        "actionflags " + _GROUPS + "vsys_id factortype factorcompletiontime factorno - - ugflags userbysource tag_name "
        "high_res_timestamp origindatasource - cluster_name"
    ).split(),
    Kind.IPTAG: (
        _COMMON + "vsys ip tag_name event_id repeatcnt timeout datasourcename datasource_type datasource_subtype seqno "
        "actionflags " + _GROUPS + "vsys_id high_res_timestamp cluster_name"
    ).split(),
}  # fmt: skip

# The default format of configuration lines has no before and after (they are for custom formats only).
SHORT_CONFIGURATION = [k for k in ORDERS[Kind.CONFIGURATION] if not k.endswith("-change-preview")]

# Fewest columns of a traffic line → the first release that writes as many.
TRAFFIC_RELEASES = (
    (117, Release(11, 1)), (115, Release(10, 1)), (105, Release(10, 0)), (75, Release(9, 1)), (67, Release(9, 0)),
    (65, Release(8, 1)), (61, Release(8, 0)), (54, Release(7, 0)), (47, Release(6, 1)),
)  # fmt: skip
# Columns by which a CSV export or an entry tells the same, newest first.
_MARKERS = (
    (("flow_type",), Release(11, 1)),
    (("subcategory_of_app", "application_subcategory"), Release(10, 1)),
    (("high_res_timestamp", "high_resolution_timestamp"), Release(10, 0)),
    (("dynusergroup_name", "dynamic_user_group_name"), Release(9, 1)),
    (("rule_uuid", "uuid_for_rule"), Release(9, 0)),
    (("assoc_id", "sctp_association_id"), Release(8, 1)),
    (("parent_session_id",), Release(8, 0)),
    (("action_source",), Release(7, 0)),
    (("session_end_reason",), Release(6, 1)),
)


def release_of_count(columns: int) -> Release | None:
    """The first release whose traffic lines have at least `columns` columns as here; None below 6.1."""
    return next((release for least, release in TRAFFIC_RELEASES if columns >= least), None)


def release_of_headings(headings: Sequence[str]) -> Release | None:
    """The first release that exports these traffic columns; None where nothing tells."""
    folded = {fold(h) for h in headings}
    return next((release for names, release in _MARKERS if folded.intersection(names)), None)


_UNUSED_KEYS = (
    "domain type padding tpadding cpadding vpadding bpadding dpadding actionflags is-logging-service time_logged id "
    "fmt exported transaction pbf-c2s pbf-s2c temporary-match sym-return decrypt-mirror credential-detected "
    "captive-portal non-std-dport s_decrypted s_encrypted traffic_flags sdwan_fec_data tunnelid imsi monitortag imei "
    "flag-pcap flag-flagged flag-proxy flag-url-denied flag-nat flag-mptcp-set flag-tunnel-inspected "
    "flag-recon-excluded flag-wf-channel flag-decrypt-forwarded flag-l7-skipped"
)
# What PAN-OS documents and nothing here looks at: not read, which keeps a million rows in memory. Folded.
UNUSED = frozenset(
    fold(name)
    for name in (
        *(k for order in ORDERS.values() for k in order),
        *_UNUSED_KEYS.split(),
        "Action Flags", "Time Logged", "DG Hierarchy Level 1", "DG Hierarchy Level 2", "DG Hierarchy Level 3",
        "DG Hierarchy Level 4", "Device Group Hierarchy Level 1", "Device Group Hierarchy Level 2",
        "Device Group Hierarchy Level 3", "Device Group Hierarchy Level 4", "Source VM UUID", "Destination VM UUID",
        "Monitor Tag/IMEI", "Tunnel ID/IMSI", "SCTP Association ID", "SCTP Chunks", "SCTP Chunks Sent", "SCTP Chunks Received",
        "SD-WAN Cluster", "SD-WAN Device Type", "SD-WAN Cluster Type", "SD-WAN Site", "App Flap Count", "Link Switches",
        "XFF address", "Source Device Category", "Source Device Profile", "Source Device Model", "Source Device Vendor",
        "Source Device OS Family", "Source Device OS Version", "Source Hostname", "Source Mac Address",
        "Destination Device Category", "Destination Device Profile", "Destination Device Model",
        "Destination Device Vendor", "Destination Device OS Family", "Destination Device OS Version",
        "Destination Hostname", "Destination Mac Address", "Container ID", "POD Namespace", "POD Name", "Serial Number",
        "session_owner", "A Slice Service Type", "A Slice Differentiator", "nssai_sd", "SaaS of app",
        "Application SaaS", "Sanctioned State of app", "Application Sanctioned State", "Virtual System ID",
        "Certificate Serial Number", "Certificate Version", "Certificate Size", "Common Name Length",
        "Issuer Common Name Length", "Root Common Name Length", "SNI Length", "Certificate Flags", "sig_flags",
        "Payload Protocol ID", "device_group", "audit_comment", "vsys_id",
    )
) - {""}  # fmt: skip
