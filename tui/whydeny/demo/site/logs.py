"""Write the book down as a firewall exports it: CSV of the web interface, and answers of the XML API.

Headings as in real exports and in the vendor's syslog field descriptions
(https://docs.paloaltonetworks.com/pan-os/10-2/pan-os-admin/monitoring/use-syslog-for-monitoring).
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from whydeny.demo.site.applications import APPLICATIONS
from whydeny.demo.site.book import Row, Session
from whydeny.demo.site.markup import document, node
from whydeny.demo.site.network import OFFSET, Firewall
from whydeny.model.columns import COLUMNS, Kind

Cells = dict[str, str]

_COMMON = (
    "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,"
    "Destination address,NAT Source IP,NAT Destination IP,Rule,Source User,Destination User,Application,Virtual System,"
    "Source Zone,Destination Zone,Inbound Interface,Outbound Interface,Log Action,Time Logged,Session ID,Repeat Count,"
    "Source Port,Destination Port,NAT Source Port,NAT Destination Port,Flags,IP Protocol,Action"
)
_TRAFFIC = (
    _COMMON + ",Bytes,Bytes Sent,Bytes Received,Packets,Start Time,Elapsed Time (sec),Category,{0},Sequence Number,"
    "Action Flags,Source Country,Destination Country,{1},Packets Sent,Packets Received,Session End Reason,"
    "DG Hierarchy Level 1,DG Hierarchy Level 2,DG Hierarchy Level 3,DG Hierarchy Level 4,Virtual System Name,"
    "Device Name,Action Source"
)
_DEVICE_COLUMNS = (
    "{0} Device Category,{0} Device Profile,{0} Device Model,{0} Device Vendor,{0} Device OS Family,"
    "{0} Device OS Version,{0} Hostname,{0} Mac Address"
)
# The columns of the traffic log's export, by the release that writes them; two padding columns have no name in 10.x.
TRAFFIC_8 = _TRAFFIC.format("tpadding", "cpadding").split(",")
TRAFFIC_10 = (
    _TRAFFIC.format("", "") + ",Source VM UUID,Destination VM UUID,Tunnel ID/IMSI,Monitor Tag/IMEI,Parent Session ID,"
    "Parent Session Start Time,Tunnel,SCTP Association ID,SCTP Chunks,SCTP Chunks Sent,SCTP Chunks Received,"
    "UUID for rule,HTTP/2 Connection,link_change_count,policy_id,link_switches,sdwan_cluster,sdwan_device_type,"
    "sdwan_cluster_type,sdwan_site,dynusergroup_name,XFF address,"
    + _DEVICE_COLUMNS.format("Source")
    + ","
    + _DEVICE_COLUMNS.format("Destination")
    + ",Container ID,POD Namespace,POD Name,Source External Dynamic List,Destination External Dynamic List,Host ID,"
    "Serial Number,Source Dynamic Address Group,Destination Dynamic Address Group,session_owner,High Res Timestamp,"
    "nssai_sst,nssai_sd,Subcategory of app,Category of app,Technology of app,Risk of app,Characteristic of app,"
    "Container of app,Tunneled app,SaaS of app,Sanctioned State of app,offloaded"
).split(",")
THREAT = (
    _COMMON + ",URL/Filename,Threat/Content Name,Category,Severity,Direction,Sequence Number,Action Flags,"
    "Source Country,Destination Country,cpadding,contenttype,pcap_id,filedigest,cloud,url_idx,user_agent,filetype,xff,"
    "referer,sender,subject,recipient,reportid,DG Hierarchy Level 1,DG Hierarchy Level 2,DG Hierarchy Level 3,"
    "DG Hierarchy Level 4,Virtual System Name,Device Name,file_url,Source VM UUID,Destination VM UUID,http_method,"
    "Tunnel ID/IMSI,Monitor Tag/IMEI,Parent Session ID,Parent Session Start Time,Tunnel,thr_category,contentver,"
    "sig_flags,SCTP Association ID,Payload Protocol ID,http_headers,URL Category List,UUID for rule,HTTP/2 Connection,"
    "dynusergroup_name"
).split(",")
DECRYPTION = (
    _COMMON + ",Tunnel,Source VM UUID,Destination VM UUID,UUID for rule,Stage for Client to Firewall,"
    "Stage for Firewall to Server,TLS Version,Key Exchange Algorithm,Encryption Algorithm,Hash Algorithm,Policy Name,"
    "Elliptic Curve,Error Index,Root Status,Chain Status,Proxy Type,Certificate Serial Number,Fingerprint,"
    "Certificate Start Date,Certificate End Date,Certificate Version,Certificate Size,Subject Common Name,"
    "Issuer Subject Common Name,Root Subject Common Name,Server Name Indication,Error,High Res Timestamp,"
    "Sequence Number,Action Flags,Virtual System Name,Device Name,Virtual System ID"
).split(",")
_ABOUT_ADDRESS = (
    "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Virtual System,Source IP"
)
AUTHENTICATION = (
    _ABOUT_ADDRESS + ",User,Normalize User,Object,Authentication Policy,Repeat Count,Authentication ID,Vendor,"
    "Log Action,Server Profile,Description,Client Type,Event Type,Factor Number,Sequence Number,Action Flags,"
    "Virtual System Name,Device Name,Virtual System ID,Authentication Protocol,High Resolution Timestamp"
).split(",")
USERID = (
    _ABOUT_ADDRESS + ",User,Data Source Name,Event ID,Repeat Count,Time Out Threshold,Source Port,Destination Port,"
    "Data Source,Data Source Type,Sequence Number,Action Flags,Virtual System Name,Device Name,Virtual System ID,"
    "Factor Type,High Resolution Timestamp"
).split(",")
IPTAG = (
    _ABOUT_ADDRESS + ",Tag Name,Event ID,Repeat Count,Timeout,Data Source Name,Data Source Type,Data Source Subtype,"
    "Sequence Number,Action Flags,Virtual System Name,Device Name,Virtual System ID,High Resolution Timestamp"
).split(",")


def traffic_csv(sessions: Sequence[Session], headings: Sequence[str], first: int) -> str:
    """A traffic log, newest row first as the web interface exports it; `first` is the oldest row's sequence number."""
    numbered = list(enumerate(sorted(sessions, key=_order), start=first))
    return _csv(headings, (_traffic_cells(session, number) for number, session in reversed(numbered)))


def sequence_numbers(sessions: Sequence[Session], first: int) -> dict[int, int]:
    """The sequence number that `traffic_csv` gives each session, by the session's place in `sessions`."""
    order = sorted(range(len(sessions)), key=lambda index: _order(sessions[index]))
    return {index: number for number, index in enumerate(order, start=first)}


def log_csv(rows: Sequence[Row], kind: Kind, log_type: str, headings: Sequence[str], first: int) -> str:
    """Any other log as CSV, newest row first. A row's cells stand under the heading that their key has there."""
    titles = {column.key: title for column in COLUMNS[kind] for title in column.titles if title in headings}
    numbered = list(enumerate(sorted(rows, key=lambda row: row.time), start=first))
    return _csv(headings, (_cells(row, log_type, number, titles) for number, row in reversed(numbered)))


def log_answer(rows: Sequence[Row], log_type: str, first: int) -> str:
    """A log as the finished answer of an API job, newest entry first."""
    entries = []
    numbered = list(enumerate(sorted(rows, key=lambda row: row.time), start=first))
    for number, row in reversed(numbered):
        cells = {
            "domain": "1",
            "receive_time": _stamp(row.time),
            "serial": row.firewall.serial,
            "seqno": str(number),
            "actionflags": "0x0",
            "type": log_type,
            "subtype": row.cells["subtype"],
            "config_ver": str(row.firewall.config_version),
            "time_generated": _stamp(row.time),
            "high_res_timestamp": _precise(row.time, 0),
            **row.cells,
            "device_name": row.firewall.hostname,
        }
        filled = [node(key, text) for key, text in cells.items() if text]
        entries.append(node("entry", filled, logid=str(7_300_000_000_000_000_000 + number)))
    job = node("job", node("status", "FIN"), node("id", "2044"))
    logs = node("logs", entries, count=str(len(entries)), progress="100")
    return document(node("response", node("result", job, node("log", logs)), status="success"))


def _order(session: Session) -> tuple[datetime, int]:
    return session.end, session.millisecond


def _csv(headings: Sequence[str], rows: Iterable[Cells]) -> str:
    out = io.StringIO()
    # The byte-order mark is part of the web interface's exports.
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(headings)
    for cells in rows:
        writer.writerow([cells.get(heading, "") for heading in headings])
    return out.getvalue()


def _stamp(time: datetime) -> str:
    return f"{time:%Y/%m/%d %H:%M:%S}"


def _precise(time: datetime, millisecond: int) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{millisecond:03d}{OFFSET}"


def _country(address: str) -> str:
    if address.startswith("10."):
        return "10.0.0.0-10.255.255.255"
    return "Reserved"


def _session_cells(session: Session) -> Cells:
    """The columns that every log about a session has."""
    firewall = session.firewall
    outside = session.to_zone == "untrust" and ":" not in session.source
    return {
        "Domain": "1",
        "Serial #": firewall.serial,
        "Config Version": str(firewall.config_version),
        "Source address": session.source,
        "Destination address": session.destination,
        "NAT Source IP": firewall.outside if outside else "",
        "NAT Destination IP": session.nat_destination or (session.destination if outside else ""),
        "Rule": session.rule.name,
        "Source User": session.user,
        "Application": session.app,
        "Virtual System": session.vsys,
        "Source Zone": session.from_zone,
        "Destination Zone": session.to_zone,
        "Inbound Interface": firewall.interfaces[session.from_zone],
        "Outbound Interface": firewall.interfaces[session.to_zone],
        "Log Action": "lf-demo",
        "Session ID": str(session.id),
        "Repeat Count": "1",
        "Source Port": str(session.source_port),
        "Destination Port": str(session.port),
        "NAT Source Port": str(session.nat_source_port),
        "NAT Destination Port": str(session.port if outside or session.nat_destination else 0),
        "Flags": hex(session.flags),
        "IP Protocol": session.protocol,
        "Action": session.action,
        "Category": session.category,
        "Source Country": _country(session.source),
        "Destination Country": _country(session.destination),
        "DG Hierarchy Level 1": "0",
        "DG Hierarchy Level 2": "0",
        "DG Hierarchy Level 3": "0",
        "DG Hierarchy Level 4": "0",
        "Device Name": firewall.hostname,
        "Virtual System Name": _vsys_name(firewall, session.vsys),
        "Virtual System ID": session.vsys.removeprefix("vsys"),
        "Tunnel ID/IMSI": "0",
        "Parent Session ID": str(session.parent_id),
        "Tunnel": "N/A",
        "SCTP Association ID": "0",
        "UUID for rule": session.rule.uuid,
        "HTTP/2 Connection": str(session.http2),
        "Action Flags": "0x0",
    }


def _vsys_name(firewall: Firewall, vsys: str) -> str:
    if not firewall.multi_vsys:
        return ""
    return "demo-staff" if vsys == "vsys1" else "demo-labs"


def _traffic_cells(session: Session, number: int) -> Cells:
    received = session.end + timedelta(seconds=2 + session.millisecond % 4)
    app = APPLICATIONS.get(session.app)
    return _session_cells(session) | {
        "Receive Time": _stamp(received),
        "Type": "TRAFFIC",
        "Threat/Content Type": session.subtype,
        "Generate Time": _stamp(session.end),
        "Time Logged": _stamp(received),
        "Bytes": str(session.sent + session.received),
        "Bytes Sent": str(session.sent),
        "Bytes Received": str(session.received),
        "Packets": str(session.packets_sent + session.packets_received),
        "Start Time": _stamp(session.start),
        "Elapsed Time (sec)": str(session.elapsed),
        "Sequence Number": str(number),
        "Packets Sent": str(session.packets_sent),
        "Packets Received": str(session.packets_received),
        "Session End Reason": session.end_reason,
        "Action Source": session.action_source,
        "SCTP Chunks": "0",
        "SCTP Chunks Sent": "0",
        "SCTP Chunks Received": "0",
        "Source External Dynamic List": session.source_list,
        "Destination External Dynamic List": session.destination_list,
        "High Res Timestamp": _precise(session.end, session.millisecond),
        "Subcategory of app": app.subcategory if app else "",
        "Category of app": app.category if app else "",
        "Technology of app": app.technology if app else "",
        "Risk of app": str(app.risk) if app else "",
        "Characteristic of app": ",".join(app.flags) if app else "",
        "Container of app": (app.container or "") if app else "",
        "Tunneled app": "untunneled" if app else "",
        "SaaS of app": "no" if app else "",
        "Sanctioned State of app": "no" if app else "",
        "offloaded": "0",
    }


def _cells(row: Row, log_type: str, number: int, titles: Mapping[str, str]) -> Cells:
    cells = {
        "Domain": "1",
        "Receive Time": _stamp(row.time + timedelta(seconds=2)),
        "Serial #": row.firewall.serial,
        "Type": log_type,
        "Threat/Content Type": "0",
        "Config Version": str(row.firewall.config_version),
        "Generate Time": _stamp(row.time),
        "Time Logged": _stamp(row.time + timedelta(seconds=2)),
        "Virtual System": "vsys1",
        "Virtual System ID": "1",
        "Device Name": row.firewall.hostname,
        "Repeat Count": "1",
        "Sequence Number": str(number),
        "Action Flags": "0x0",
        "High Res Timestamp": _precise(row.time, 0),
        "High Resolution Timestamp": _precise(row.time, 0),
    }
    if row.session is not None:
        cells = _session_cells(row.session) | cells | {"Virtual System": row.session.vsys}
    if log_type == "THREAT":
        cells |= {"Threat/Content Type": "url", "Direction": "client-to-server", "http_method": "get"}
    return cells | {titles[key]: text for key, text in row.cells.items()}
