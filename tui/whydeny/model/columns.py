"""The columns of every log: what they are called here, on the wire and in exports, and their type.

One table serves the CSV, XML and syslog readers, the session table, the filter language and the screen.
Names: `key` is the XML element and the database field; `titles` are headings of the web interface's CSV
export, compared without case. Sources: PAN-OS syslog field descriptions 7.1 to 11.1 and exports.
"""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl


class Kind(StrEnum):
    """What a table holds."""

    TRAFFIC = "traffic"
    DECRYPTION = "decryption"
    AUTHENTICATION = "authentication"
    URL = "url"
    THREAT = "threat"
    SYSTEM = "system"
    CONFIGURATION = "configuration"
    USERID = "userid"
    IPTAG = "iptag"


class Type(StrEnum):
    """How a column is stored."""

    WORD = "word"  # few distinct values: pl.Categorical
    TEXT = "text"  # free text: pl.String
    NUMBER = "number"  # pl.UInt64
    PORT = "port"  # pl.UInt16
    PROTOCOL = "protocol"  # pl.UInt8, the IP protocol number
    FLAGS = "flags"  # pl.UInt32
    TIME = "time"  # pl.Datetime("us"), the device's own local time, naive
    ADDRESS = "address"  # two pl.UInt64 columns NAME_hi and NAME_lo, see model.addresses


STORED: dict[Type, pl.DataType] = {
    Type.WORD: pl.Categorical(),
    Type.TEXT: pl.String(),
    Type.NUMBER: pl.UInt64(),
    Type.PORT: pl.UInt16(),
    Type.PROTOCOL: pl.UInt8(),
    Type.FLAGS: pl.UInt32(),
    Type.TIME: pl.Datetime("us"),
}


# Before this a clock was not set: PAN-OS writes the epoch, shifted by the time zone, for "no time". What is later than the
# last year is no time of a log, and nothing can be reckoned from the end of the calendar.
FIRST_YEAR, LAST_YEAR = 1971, 2199
LONGEST_SESSION = 100 * 366 * 24 * 3600  # seconds; more is no time that a session lasted


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name here, its type, its key on the wire, its CSV headings and further keys."""

    name: str
    type: Type
    key: str
    titles: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def stored(self) -> dict[str, pl.DataType]:
        """The polars columns behind it, by name."""
        if self.type is Type.ADDRESS:
            return {f"{self.name}_hi": pl.UInt64(), f"{self.name}_lo": pl.UInt64()}
        return {self.name: STORED[self.type]}


def _column(name: str, kind: Type, key: str, *titles: str, also: tuple[str, ...] = ()) -> Column:
    return Column(name, kind, key, titles, also)


_W, _T, _N, _P = Type.WORD, Type.TEXT, Type.NUMBER, Type.PORT

# In every log.
COMMON = (
    _column("receive_time", Type.TIME, "receive_time", "Receive Time"),
    _column("serial", _W, "serial", "Serial #", also=("serial_number", "device_serial", "device_sn")),
    _column("subtype", _W, "subtype", "Threat/Content Type", "Content/Threat Type", "Subtype", "Log Subtype"),
    _column("config_version", _N, "config_ver", "Config Version"),
    _column("time", Type.TIME, "time_generated", "Generate Time", "Generated Time", also=("generated_time",)),
    _column("high_res_time", _T, "high_res_timestamp", "High Res Timestamp", "High Resolution Timestamp"),
    _column("vsys", _W, "vsys", "Virtual System", also=("vsys_id_name",)),
    _column("vsys_name", _W, "vsys_name", "Virtual System Name"),
    _column("device_name", _W, "device_name", "Device Name"),
    _column("sequence", _N, "seqno", "Sequence Number"),
)

# In every log about a session.
SESSION_KEY = (
    _column("session_id", _N, "sessionid", "Session ID"),
    _column("source", Type.ADDRESS, "src", "Source address", "Source IP", "Source"),
    _column("destination", Type.ADDRESS, "dst", "Destination address", "Destination IP", "Destination"),
    _column("nat_source", Type.ADDRESS, "natsrc", "NAT Source IP"),
    _column("nat_destination", Type.ADDRESS, "natdst", "NAT Destination IP"),
    _column("source_port", _P, "sport", "Source Port"),
    _column("destination_port", _P, "dport", "Destination Port"),
    _column("nat_source_port", _P, "natsport", "NAT Source Port"),
    _column("nat_destination_port", _P, "natdport", "NAT Destination Port"),
    _column("protocol", Type.PROTOCOL, "proto", "IP Protocol", "Protocol"),
    _column("from_zone", _W, "from", "Source Zone", "From Zone"),
    _column("to_zone", _W, "to", "Destination Zone", "To Zone"),
    _column("user", _W, "srcuser", "Source User"),
    _column("destination_user", _W, "dstuser", "Destination User"),
    _column("application", _W, "app", "Application"),
    _column("rule", _W, "rule", "Rule", "Rule Name"),
    _column("rule_uuid", _W, "rule_uuid", "UUID for rule", "Rule UUID"),
    _column("action", _W, "action", "Action"),
    _column("flags", Type.FLAGS, "flags", "Flags"),
    _column("category", _W, "category", "Category", "URL Category"),
    _column("inbound_interface", _W, "inbound_if", "Inbound Interface"),
    _column("outbound_interface", _W, "outbound_if", "Outbound Interface"),
    _column("log_setting", _W, "logset", "Log Action"),
    _column("repeat_count", _N, "repeatcnt", "Repeat Count"),
    _column("source_country", _W, "srcloc", "Source Country", "Source Location"),
    _column("destination_country", _W, "dstloc", "Destination Country", "Destination Location"),
    _column("source_edl", _W, "src_edl", "Source External Dynamic List"),
    _column("destination_edl", _W, "dst_edl", "Destination External Dynamic List"),
    _column("source_dag", _W, "src_dag", "Source Dynamic Address Group"),
    _column("destination_dag", _W, "dst_dag", "Destination Dynamic Address Group"),
    _column("dynamic_user_group", _W, "dynusergroup_name", "Dynamic User Group Name"),
    _column("parent_session_id", _N, "parent_session_id", "Parent Session ID"),
    _column("parent_start", _T, "parent_start_time", "Parent Session Start Time", "Parent Start Time"),
    _column("tunnel", _W, "tunnel", "Tunnel", "Tunnel Type"),
    _column("http2_connection", _N, "http2_connection", "HTTP/2 Connection"),
    _column("app_subcategory", _W, "subcategory_of_app", "Subcategory of app", "Application Subcategory"),
    _column("app_category", _W, "category_of_app", "Category of app", "Application Category"),
    _column("app_technology", _W, "technology_of_app", "Technology of app", "Application Technology"),
    _column("app_risk", _N, "risk_of_app", "Risk of app", "Application Risk"),
    _column("app_characteristics", _W, "characteristic_of_app", "Characteristic of app", "Application Characteristic"),
    _column("app_container", _W, "container_of_app", "Container of app", "Application Container"),
    _column("host_id", _W, "hostid", "Host ID"),
)  # fmt: skip

TRAFFIC = (
    _column("bytes", _N, "bytes", "Bytes"),
    _column("bytes_sent", _N, "bytes_sent", "Bytes Sent"),
    _column("bytes_received", _N, "bytes_received", "Bytes Received"),
    _column("packets", _N, "packets", "Packets"),
    _column("packets_sent", _N, "pkts_sent", "Packets Sent"),
    _column("packets_received", _N, "pkts_received", "Packets Received"),
    _column("start", Type.TIME, "start", "Start Time"),
    _column("elapsed", _N, "elapsed", "Elapsed Time (sec)", "Elapsed Time"),
    _column("end_reason", _W, "session_end_reason", "Session End Reason"),
    _column("action_source", _W, "action_source", "Action Source"),
    _column("tunneled_app", _W, "tunneled_app", "Tunneled app", "Tunneled Application"),
    _column("offloaded", _W, "offloaded", "Offloaded"),
    _column("policy_id", _W, "policy_id", "Policy ID"),
    _column("tunnel_id", _W, "tunnelid_imsi", "Tunnel ID/IMSI", also=("tunnelid",)),
    # Only of `show session all` and `show session id`; null on log rows.
    _column("state", _W, "state"),
    _column("tracker_stage", _W, "tracker_stage"),
    _column("session_type", _W, "session_type"),
    _column("portal_session", _W, "captive_portal_session"),
    _column("proxied", _W, "proxied"),
)

DECRYPTION = (
    _column("client_stage", _W, "hs_stage_c2f", "Stage for Client to Firewall"),
    _column("server_stage", _W, "hs_stage_f2s", "Stage for Firewall to Server"),
    _column("tls_version", _W, "tls_version", "TLS Version"),
    _column("key_exchange", _W, "tls_keyxchg", "Key Exchange Algorithm"),
    _column("encryption", _W, "tls_enc", "Encryption Algorithm"),
    _column("hash", _W, "tls_auth", "Hash Algorithm"),
    _column("decryption_rule", _W, "policy_name", "Policy Name"),
    _column("curve", _W, "ec_curve", "Elliptic Curve"),
    _column("error_index", _W, "err_index", "Error Index"),
    _column("root_status", _W, "root_status", "Root Status"),
    _column("chain_status", _W, "chain_status", "Chain Status"),
    _column("proxy_type", _W, "proxy_type", "Proxy Type"),
    _column("not_before", _W, "notbefore", "Certificate Start Date"),
    _column("not_after", _W, "notafter", "Certificate End Date"),
    _column("subject_cn", _W, "cn", "Subject Common Name"),
    _column("issuer_cn", _W, "issuer_cn", "Issuer Subject Common Name"),
    _column("root_cn", _W, "root_cn", "Root Subject Common Name"),
    _column("server_name", _W, "sni", "Server Name Indication"),
    _column("error", _W, "error", "Error"),
)

AUTHENTICATION = (
    _column("address", Type.ADDRESS, "ip", "Source IP", "IP", "Source address"),
    _column("user", _W, "user", "User"),
    _column("normalized_user", _W, "normalize_user", "Normalize User"),
    _column("object", _W, "object", "Object"),
    _column("authentication_rule", _W, "authpolicy", "Authentication Policy"),
    _column("authentication_id", _W, "authid", "Authentication ID"),
    _column("vendor", _W, "vendor", "Vendor"),
    _column("server_profile", _W, "serverprofile", "Server Profile"),
    _column("description", _T, "desc", "Description"),
    _column("client_type", _W, "clienttype", "Client Type"),
    _column("event", _W, "event", "Event Type", "Event"),
    _column("factor", _N, "factorno", "Factor Number"),
    _column("auth_protocol", _W, "authproto", "Authentication Protocol"),
    _column("rule_uuid", _W, "rule_uuid", "UUID for rule", "Rule UUID"),
    _column("session_id", _N, "sessionid", "Session ID"),
)

THREAT = (
    _column("url", _T, "misc", "URL/Filename", also=("url_filename",)),
    _column("threat_name", _W, "threatid", "Threat/Content Name", "Threat ID", also=("threat_name",)),
    _column("severity", _W, "severity", "Severity"),
    _column("direction", _W, "direction", "Direction"),
    _column("content_version", _W, "contentver", "contentver", "Content Version"),
    _column("url_categories", _T, "url_category_list", "URL Category List"),
    _column("method", _W, "http_method", "http_method", "HTTP Method"),
)

SYSTEM = (
    _column("event", _W, "eventid", "Event ID", "Event"),
    _column("object", _W, "object", "Object"),
    _column("module", _W, "module", "Module"),
    _column("severity", _W, "severity", "Severity"),
    _column("description", _T, "opaque", "Description"),
)

CONFIGURATION = (
    _column("host", _W, "host", "Host"),
    _column("command", _W, "cmd", "Command"),
    _column("admin", _W, "admin", "Admin"),
    _column("client", _W, "client", "Client"),
    _column("result", _W, "result", "Result"),
    _column("path", _T, "path", "Configuration Path", "Path"),
    _column("before", _T, "before-change-preview", "Before Change Detail", "Before Change Preview",
            also=("before_change_detail", "before_change_preview", "full-path-before")),
    _column("after", _T, "after-change-preview", "After Change Detail", "After Change Preview",
            also=("after_change_detail", "after_change_preview")),
)  # fmt: skip

USERID = (
    _column("address", Type.ADDRESS, "ip", "Source IP", "IP", "Source address"),
    _column("user", _W, "user", "User", "Source User"),
    _column("data_source_name", _W, "datasourcename", "Data Source Name"),
    _column("event", _W, "eventid", "Event ID"),
    _column("timeout", _N, "timeout", "Time Out Threshold", "Timeout Threshold", "Timeout"),
    _column("begin_port", _P, "beginport", "Source Port", "Begin Port"),
    _column("end_port", _P, "endport", "Destination Port", "End Port"),
    _column("data_source", _W, "datasource", "Data Source"),
    _column("data_source_type", _W, "datasourcetype", "Data Source Type"),
    _column("factor_type", _W, "factortype", "Factor Type"),
)

IPTAG = (
    _column("address", Type.ADDRESS, "ip", "Source IP", "IP", "Source address"),
    _column("tag", _W, "tag_name", "Tag Name", "Tag"),
    _column("event", _W, "event_id", "Event ID", "Event", also=("eventid",)),
    _column("timeout", _N, "timeout", "Timeout", "Time Out Threshold"),
    _column("data_source_name", _W, "datasourcename", "Data Source Name"),
    _column("data_source", _W, "datasource_type", "Data Source Type", also=("datasource", "datasourcetype")),
    _column("data_source_subtype", _W, "datasource_subtype", "Data Source Subtype"),
)

COLUMNS: dict[Kind, tuple[Column, ...]] = {
    Kind.TRAFFIC: COMMON + SESSION_KEY + TRAFFIC,
    Kind.DECRYPTION: COMMON + SESSION_KEY + DECRYPTION,
    Kind.AUTHENTICATION: COMMON + AUTHENTICATION,
    Kind.URL: COMMON + SESSION_KEY + THREAT,
    Kind.THREAT: COMMON + SESSION_KEY + THREAT,
    Kind.SYSTEM: COMMON + SYSTEM,
    Kind.CONFIGURATION: COMMON + CONFIGURATION,
    Kind.USERID: COMMON + USERID,
    Kind.IPTAG: COMMON + IPTAG,
}

# The number of the source (index into Site.sources) and the row's line or entry number in it.
PLACE: dict[str, pl.DataType] = {"file": pl.UInt16(), "line": pl.UInt32()}


def schema(kind: Kind) -> dict[str, pl.DataType]:
    """Every stored column of a kind's table, in order; tables hold all of them, nulls where absent.

    Columns that an export has and this table does not know are kept behind them as `x:HEADING` (pl.String).
    """
    stored: dict[str, pl.DataType] = dict(PLACE)
    for column in COLUMNS[kind]:
        stored |= column.stored()
    return stored
