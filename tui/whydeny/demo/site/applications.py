"""The applications that cross the demonstration's firewalls, and the answer that a firewall gives about them.

Names, default ports and dependencies are those of the vendor's application content as commonly published
(https://applipedia.paloaltonetworks.com); risk and behaviour are only plausible. `example-notes-…` are made up.
"""

from xml.etree import ElementTree as ET

from whydeny.demo.site.markup import document, entry, members, node, yes
from whydeny.model.applications import Application

CONTENT_BEFORE, CONTENT = "8947-9298", "8951-9316"
CONTENT_RELEASED = "2025/03/10 22:41:08 UTC"

# The behaviour of an application, as predefined content and a log's characteristics call it.
BEHAVIOUR = {
    "e": "evasive-behavior",
    "b": "consume-big-bandwidth",
    "m": "used-by-malware",
    "f": "able-to-transfer-file",
    "v": "has-known-vulnerability",
    "t": "tunnel-other-application",
    "x": "prone-to-misuse",
    "p": "pervasive-use",
}


def _app(
    name: str,
    kind: str,
    risk: int,
    ports: str = "",
    behaviour: str = "",
    uses: str = "",
    implicit: str = "",
    container: str | None = None,
    ip_protocols: tuple[int, ...] = (),
    icmp_types: tuple[int, ...] = (),
) -> Application:
    category, subcategory, technology = kind.split("/")
    return Application(
        name,
        ports=tuple(ports.split()),
        ip_protocols=ip_protocols,
        icmp_types=icmp_types,
        uses=tuple(uses.split()) or tuple(implicit.split()),
        implicitly_uses=tuple(implicit.split()),
        container=container,
        deny_action="drop-reset",
        category=category,
        subcategory=subcategory,
        technology=technology,
        risk=risk,
        flags=tuple(BEHAVIOUR[letter] for letter in behaviour),
    )


_WEB = "ssl web-browsing"
_SOCIAL = "collaboration/social-networking/browser-based"
_OFFICE = "business-systems/office-programs/browser-based"
_MEETING = "collaboration/internet-conferencing/client-server"
_STREAM = "media/photo-video/browser-based"
_INFRA = "networking/infrastructure/network-protocol"
_ACCESS = "networking/remote-access/client-server"
_STORE = "general-internet/file-sharing/browser-based"

APPLICATIONS = {
    app.name: app
    for app in (
        _app("web-browsing", "general-internet/internet-utility/browser-based", 4, "tcp/80", "mfvtp"),
        _app("ssl", "networking/encrypted-tunnel/browser-based", 4, "tcp/443", "mftp"),
        _app("quic", "networking/infrastructure/browser-based", 1, "udp/443,80", "p"),
        _app("dns", _INFRA, 3, "tcp/53 udp/53,5353", "mvtp"),
        _app("ntp", _INFRA, 2, "tcp/123 udp/123", "vp"),
        _app("icmp", "networking/ip-protocol/network-protocol", 4, behaviour="vtp", ip_protocols=(1,)),
        _app("ping", _INFRA, 2, behaviour="tp", icmp_types=(8,)),
        _app("traceroute", _INFRA, 2, "udp/33434-33534", "p"),
        _app("snmp-base", "business-systems/management/client-server", 2, "udp/161 tcp/161", "vp", container="snmp"),
        _app("syslog", "business-systems/management/client-server", 2, "udp/514 tcp/514,6514", "p"),
        _app("ldap", "business-systems/auth-service/client-server", 2, "tcp/389,3268,3269,636 udp/389", "vp"),
        _app("kerberos", "business-systems/auth-service/client-server", 2, "tcp/88,464 udp/88,464", "vp"),
        _app("active-directory-base", "business-systems/auth-service/client-server", 2, "tcp/dynamic", "p",
             uses="msrpc-base ms-ds-smb-base", container="active-directory"),
        _app("msrpc-base", _INFRA, 2, "tcp/dynamic", "vp", container="msrpc"),
        _app("ms-ds-smb-base", "business-systems/storage-backup/client-server", 4, "tcp/445,139", "mfvp",
             container="ms-ds-smb"),
        _app("ms-ds-smbv2", "business-systems/storage-backup/client-server", 4, "tcp/445,139", "fvp",
             uses="ms-ds-smb-base", container="ms-ds-smb"),
        _app("ms-ds-smbv3", "business-systems/storage-backup/client-server", 3, "tcp/445,139", "fp",
             uses="ms-ds-smb-base", container="ms-ds-smb"),
        _app("ipp", "business-systems/office-programs/client-server", 2, "tcp/631 udp/631", "v", uses="web-browsing"),
        _app("lpd", "business-systems/office-programs/client-server", 1, "tcp/515", "v"),
        _app("mssql-db", "business-systems/database/client-server", 2, "tcp/1433 udp/1434", "vp"),
        _app("mysql", "business-systems/database/client-server", 2, "tcp/3306", "vp"),
        _app("ssh", "networking/encrypted-tunnel/client-server", 4, "tcp/22", "mfvtp"),
        _app("ssh-tunnel", "networking/encrypted-tunnel/client-server", 4, "tcp/22", "eftx", uses="ssh"),
        _app("telnet", _ACCESS, 2, "tcp/23", "vtp"),
        _app("ms-rdp", _ACCESS, 4, "tcp/3389 udp/3389", "ftvxp", uses="ssl cotp t.120"),
        _app("teamviewer-base", _ACCESS, 3, "tcp/5938,443,80", "ft", implicit=_WEB, container="teamviewer"),
        _app("anydesk", _ACCESS, 3, "tcp/443,80,6568", "eft", implicit=_WEB),
        _app("ftp", "general-internet/file-sharing/client-server", 5, "tcp/21", "mfvxp"),
        _app("smtp", "collaboration/email/client-server", 5, "tcp/25,587", "mfvtxp"),
        _app("sip", "collaboration/voip-video/peer-to-peer", 4, "tcp/5060 udp/5060", "fvtp"),
        _app("rtp-base", "media/audio-streaming/client-server", 2, "udp/dynamic", "bp", container="rtp"),
        _app("rtcp", "media/audio-streaming/client-server", 1, "udp/dynamic", "p"),
        _app("websocket", "general-internet/internet-utility/browser-based", 2, "tcp/80,443", "ftp", implicit=_WEB),
        _app("webdav", "general-internet/file-sharing/browser-based", 5, "tcp/80", "fvtx", implicit="web-browsing"),
        _app("open-vpn", "networking/encrypted-tunnel/client-server", 3, "tcp/443,1194 udp/1194", "eft", uses="ssl"),
        _app("tor", "networking/proxy/client-server", 5, "tcp/dynamic", "efmtx", uses="ssl"),
        _app("psiphon", "networking/proxy/client-server", 5, "tcp/80,443,53 udp/dynamic", "eft", uses=_WEB),
        _app("bittorrent", "general-internet/file-sharing/peer-to-peer", 5, "tcp/dynamic udp/dynamic", "ebmfvxp"),
        _app("facebook-base", _SOCIAL, 4, "tcp/80,443 udp/443", "mfvp", implicit=_WEB, container="facebook"),
        _app("facebook-posting", _SOCIAL, 2, "tcp/80,443", "x", uses="facebook-base " + _WEB, container="facebook"),
        _app("facebook-chat", "collaboration/instant-messaging/browser-based", 3, "tcp/80,443", "fp",
             uses="facebook-base mqtt-base " + _WEB, container="facebook"),
        _app("linkedin-base", _SOCIAL, 3, "tcp/80,443", "fp", implicit=_WEB, container="linkedin"),
        _app("google-base", "general-internet/internet-utility/browser-based", 4, "tcp/80,443 udp/443", "mfvp",
             implicit=_WEB, container="google"),
        _app("youtube-base", _STREAM, 4, "tcp/80,443 udp/443", "bmfp", uses="google-base", implicit=_WEB,
             container="youtube"),
        _app("youtube-streaming", _STREAM, 3, "tcp/80,443 udp/443", "bp", uses="youtube-base google-base",
             container="youtube"),
        _app("ms-office365-base", _OFFICE, 3, "tcp/80,443", "fvp", implicit=_WEB, container="ms-office365"),
        _app("ms-teams", _MEETING, 2, "tcp/443 udp/3478-3481", "bfp", uses="ms-office365-base stun rtp-base",
             implicit="ssl", container="ms-teams"),
        _app("sharepoint-online", "business-systems/general-business/browser-based", 3, "tcp/80,443", "fvp",
             uses="ms-office365-base", implicit=_WEB),
        _app("outlook-web-online", "collaboration/email/browser-based", 3, "tcp/80,443", "fvp",
             uses="ms-office365-base", implicit=_WEB),
        _app("zoom-base", _MEETING, 3, "tcp/443,80,8801-8802 udp/3478,3479,8801-8810", "bfvp", implicit=_WEB,
             container="zoom"),
        _app("slack-base", "collaboration/instant-messaging/client-server", 3, "tcp/443", "fp", implicit=_WEB,
             container="slack"),
        _app("github-base", "business-systems/software-development/browser-based", 3, "tcp/22,80,443", "fp",
             uses="ssh", implicit=_WEB, container="github"),
        _app("git-base", "business-systems/software-development/client-server", 3, "tcp/9418,80,443", "f",
             implicit=_WEB, container="git"),
        _app("dropbox-base", _STORE, 4, "tcp/443,80 udp/17500", "mfvp", implicit=_WEB, container="dropbox"),
        _app("ms-update", "business-systems/software-update/client-server", 3, "tcp/80,443", "bfp", implicit=_WEB),
        _app("apt-get", "business-systems/software-update/client-server", 2, "tcp/80,443", "f", implicit=_WEB),
        _app("example-notes-base", _OFFICE, 2, "tcp/443", "fp", implicit="ssl", container="example-notes"),
        _app("example-notes-sharing", _STORE, 3, "tcp/443", "fp", uses="example-notes-base", implicit="ssl",
             container="example-notes"),
    )
}  # fmt: skip


def predefined_answer() -> str:
    """The answer of `type=config&action=get&xpath=/config/predefined/application`, cut to these applications."""
    entries = [_entry(number, app) for number, app in enumerate(APPLICATIONS.values(), start=401)]
    result = node("result", node("application", entries), **{"total-count": "1", "count": "1"})
    return document(node("response", result, status="success", code="19"))


def _entry(number: int, app: Application) -> ET.Element:
    default = node("default")
    if app.ports:
        default.append(members("port", app.ports))
    default.extend(node("ident-by-ip-protocol", str(protocol)) for protocol in app.ip_protocols)
    default.extend(node("ident-by-icmp-type", node("type", str(kind))) for kind in app.icmp_types)
    return entry(
        app.name,
        node("category", app.category),
        node("subcategory", app.subcategory),
        node("technology", app.technology),
        node("application-container", app.container) if app.container else None,
        node("risk", str(app.risk)),
        [yes(word, word in app.flags) for word in BEHAVIOUR.values()],
        default,
        members("use-applications", app.uses) if app.uses else None,
        members("implicit-use-applications", app.implicitly_uses) if app.implicitly_uses else None,
        node("deny-action", app.deny_action),
        id=str(number),
    )
