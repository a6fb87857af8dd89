"""The rules of the head office: about sixty for security, and those for decryption and authentication.

Order matters, and so does what is missing: wherever a session of the demonstration is refused in silence, it is by
one of the few rules with log-end off or by a default rule.
"""

from whydeny.demo.site.rules import Authentication, Decryption, Override, Security

BUSINESS = "business-and-economy computer-and-internet-info content-delivery-networks news search-engines shopping"
DIRECTORY = "active-directory-base kerberos ldap ms-ds-smb-base msrpc-base"

SECURITY = (
    Security(name="old-any-any", from_="users", to="untrust", disabled=True, note="before the move to App-ID"),
    Security(name="block-known-bad", from_="users servers guest kiosk vpn lab", to="untrust",
             destination="edl-known-bad", service="any", action="drop"),
    Security(name="quarantine-hosts", from_="users vpn", to="untrust servers dmz", source="dag-quarantine",
             service="any", action="drop", log_end=False, note="hosts that the log forwarding tagged"),
    Security(name="block-quic", from_="users vpn guest", to="untrust", app="quic", service="any", action="deny",
             log_end=False, note="browsers fall back to TCP, which can be decrypted"),
    Security(name="block-peer-to-peer", from_="users guest vpn lab", to="untrust", app="af-peer-to-peer",
             service="any", action="deny"),
    Security(name="block-remote-control", from_="users vpn kiosk", to="untrust", app="teamviewer-base anydesk",
             service="any", action="deny"),
    Security(name="block-anonymizers", from_="users guest kiosk vpn", to="untrust", app="tor psiphon",
             service="any", action="deny"),
    Security(name="block-regions-in", from_="untrust", to="dmz", source="r-blocked", service="any", action="drop"),
    Security(name="block-ftp-legacy", from_="servers", to="dmz", destination="h-transfer", app="ftp", service="any",
             action="deny", note="ftp to the transfer host ends, use sftp"),
    Security(name="drop-unknown-apps", from_="users vpn", to="servers", app="unknown-tcp unknown-udp",
             service="any", action="drop", log_end=False, note="scanners filled the log"),

    Security(name="dns-internal", from_="users voice vpn guest kiosk lab mgmt", to="servers", destination="g-dns",
             app="dns", profiles=False),
    Security(name="dns-out", from_="servers", to="untrust", source="g-dns", app="dns"),
    Security(name="ntp-out", from_="servers mgmt", to="untrust", app="ntp", profiles=False),
    Security(name="ping-internal", from_="users vpn mgmt", to="servers dmz", app="ping traceroute", profiles=False),
    Security(name="ping-out", from_="users mgmt servers", to="untrust", app="ping", profiles=False),
    Security(name="active-directory", from_="users vpn kiosk", to="servers", destination="g-domain-controllers",
             app="ag-directory"),
    Security(name="file-shares", from_="users vpn", to="servers", destination="g-file-servers",
             app="ms-ds-smbv2 ms-ds-smbv3 ms-ds-smb-base"),
    Security(name="printing", from_="users", to="servers", destination="h-print", app="ipp lpd"),
    Security(name="erp-clients", from_="users", to="servers", destination="g-erp", app="example-erp ssl",
             service="svc-erp"),
    Security(name="database-reports", from_="users", to="servers", destination="h-reports", source="n-finance",
             app="mssql-db"),
    Security(name="intranet-web", from_="users vpn", to="servers", destination="g-intranet", app="web-browsing ssl"),
    Security(name="build-high-ports", from_="users", to="servers", destination="h-build", app="web-browsing websocket",
             service="svc-build"),
    Security(name="servers-inside", from_="servers", to="servers", kind="intrazone", service="any",
             app="web-browsing ssl mysql mssql-db ldap kerberos dns ms-ds-smbv3 ms-ds-smb-base"),
    Security(name="voice-inside", from_="voice", to="voice", kind="intrazone", app="sip rtp-base rtcp", service="any"),
    Security(name="voice-provider", from_="voice", to="untrust", destination="n-voice-provider", service="any"),
    Security(name="transfer-inside", from_="servers", to="dmz", destination="h-transfer", service="any",
             log_start=True),
    Security(name="monitoring", from_="servers", to="dmz", source="h-monitor", app="ping snmp-base ssl"),
    Security(name="syslog-in", from_="dmz", to="servers", destination="h-monitor", app="syslog"),

    Security(name="mail-out", from_="dmz", to="untrust", source="h-mail", app="smtp"),
    Security(name="mail-in", from_="untrust", to="dmz", destination="h-mail-public", app="smtp"),
    Security(name="web-in", from_="untrust", to="dmz", destination="h-web-public", app="web-browsing ssl"),
    Security(name="partner-sftp", from_="untrust", to="dmz", source="edl-partners", destination="h-transfer-public",
             app="ssh"),
    Security(name="contractor-window", from_="partner", to="servers", destination="h-build", app="ssh web-browsing",
             service="any", schedule="sched-contractors"),
    Security(name="partner-api", from_="partner", to="dmz", destination="h-api", app="ssl"),

    Security(name="admin-vault", from_="mgmt", to="servers", destination="h-vault", app="ssl web-browsing",
             service="service-https"),
    Security(name="admin-ssh", from_="mgmt", to="servers dmz", app="ssh"),
    Security(name="admin-rdp", from_="mgmt", to="servers", app="ms-rdp", destination="n-servers"),
    Security(name="admin-snmp", from_="mgmt", to="servers dmz", app="snmp-base", profiles=False),
    Security(name="admin-web", from_="mgmt", to="servers dmz", app="ssl web-browsing", service="svc-admin-web"),

    Security(name="lab-icmp", from_="lab", to="untrust", app="icmp ping", service="any", profiles=False),
    Security(name="lab-to-servers", from_="lab", to="servers", app="web-browsing ssl", service="any"),
    Security(name="lab-web", from_="lab", to="untrust", app="web-browsing ssl github-base apt-get"),

    Security(name="kiosk-social", from_="kiosk", to="untrust", app="facebook-base linkedin-base", log_start=True),
    Security(name="guest-web", from_="guest", to="untrust", app="web-browsing ssl google-base youtube-base",
             profiles=False),

    Security(name="vpn-business-web", from_="vpn", to="untrust", app="web-browsing ssl", category=BUSINESS),
    Security(name="finance-portals", from_="users", to="untrust", source="n-finance", user="demo\\finance",
             app="ssl web-browsing", category="financial-services"),
    Security(name="office-suite", from_="users vpn", to="untrust", user="known-user", app="ag-office"),
    Security(name="notes-clients", from_="users", to="untrust", user="known-user", app="example-notes-base"),
    Security(name="social-reading", from_="users", to="untrust", user="known-user", app="facebook-base linkedin-base"),
    Security(name="meetings", from_="users vpn", to="untrust", user="known-user", app="zoom-base slack-base"),
    Security(name="code-hosting", from_="users", to="untrust", source="n-engineering", user="known-user",
             app="github-base git-base ssh"),
    Security(name="video-at-lunch", from_="users", to="untrust", user="known-user",
             app="youtube-base youtube-streaming", schedule="sched-lunch"),
    Security(name="server-updates", from_="servers", to="untrust", destination="f-updates", app="ms-update apt-get"),
    Security(name="server-web", from_="servers", to="untrust", app="web-browsing ssl",
             category="computer-and-internet-info business-and-economy"),
    Security(name="users-web", from_="users", to="untrust", source="n-users n-users-v6", user="known-user",
             app="ag-web"),

    Security(name="vendor-rdp-2023", from_="untrust", to="servers", app="ms-rdp", disabled=True,
             note="kept for the audit"),
    Security(name="deny-guest-inside", from_="guest", to="users servers dmz mgmt", service="any", action="deny"),
    Security(name="deny-voice-out", from_="voice", to="untrust users", service="any", action="deny"),
    Security(name="deny-to-management", from_="users vpn guest kiosk lab dmz", to="mgmt", service="any",
             action="reset-both"),
    Security(name="deny-from-outside", from_="untrust", to="users servers mgmt voice", service="any", action="drop"),
)  # fmt: skip

DECRYPTION = (
    Decryption(name="no-decrypt-finance", from_="users vpn", to="untrust",
               category="financial-services health-and-medicine", action="no-decrypt", profile="dp-no-decrypt"),
    Decryption(name="no-decrypt-office", from_="users vpn", to="untrust", destination="g-office",
               action="no-decrypt"),
    Decryption(name="ssh-inspect", from_="mgmt", to="dmz", kind="ssh-proxy", profile="dp-ssh"),
    Decryption(name="inbound-web", from_="untrust", to="dmz", destination="h-web-public", kind="www-2025",
               profile="dp-inbound"),
    Decryption(name="decrypt-vpn", from_="vpn", to="untrust", service="service-https", profile="dp-strict"),
    Decryption(name="decrypt-users", from_="users", to="untrust", profile="dp-strict"),
)  # fmt: skip

AUTHENTICATION = (
    Authentication(name="portal-exempt-build", from_="lab", to="untrust", source="h-lab-build", service="any",
                   enforcement="demo-no-portal"),
    Authentication(name="second-factor-vault", from_="mgmt", to="servers", destination="h-vault",
                   service="service-https", enforcement="demo-second-factor", timeout=480),
    Authentication(name="portal-lab", from_="lab", to="untrust", user="unknown", service="any",
                   enforcement="default-web-form"),
)  # fmt: skip

OVERRIDES = (
    Override(name="erp-batch", from_="users", to="servers", destination="h-erp-2", protocol="tcp", port="7105",
             app="example-erp-batch"),
    Override(name="erp-classic", from_="users", to="servers", destination="g-erp", protocol="tcp", port="7100-7104",
             app="example-erp"),
)  # fmt: skip
