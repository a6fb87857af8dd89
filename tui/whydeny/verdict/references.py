"""The public documents that verdicts rest on."""

from whydeny.verdict.finding import Reference

_KB = "https://knowledgebase.paloaltonetworks.com/KCSArticleDetail?id="
_DOCS = "https://docs.paloaltonetworks.com/"

THREAD = Reference(
    "LIVEcommunity: security policy action is allow, but session end reason is policy-deny",
    "https://live.paloaltonetworks.com/t5/general-topics/"
    "security-policy-action-is-quot-allow-quot-but-session-end-reason/m-p/165890",
)
TRAFFIC_FIELDS = Reference(
    "Traffic log fields (session end reason, flags)",
    _DOCS + "pan-os/9-1/pan-os-admin/monitoring/use-syslog-for-monitoring/syslog-field-descriptions/traffic-log-fields",
)
END_REASONS = Reference("Session end reasons and their precedence", _KB + "kA10g000000ClHGCA0")
POLICY_FLOW = Reference("How a session is matched against policy as it is identified", _KB + "kA10g000000POF8CAO")
URL_LOOKUP = Reference("URL category in TLS sessions and the look-up order", _KB + "kA10g000000ClzlCAC")
APP_DEFAULT_STRICT = Reference(
    "Strict application default ports (9.0)",
    _DOCS + "pan-os/9-0/pan-os-new-features/app-id-features/app-default-strict.html",
)
DEFAULT_BEHAVIOR_90 = Reference(
    "Changes to default behavior in PAN-OS 9.0",
    _DOCS + "pan-os/9-0/pan-os-release-notes/pan-os-9-0-release-information/changes-to-default-behavior.html",
)
TRACKER = Reference("Session tracker stages", _KB + "kA10g000000ClVFCA0")
DEPENDENCIES = Reference("Application dependencies: depends on, implicitly uses", _KB + "kA10g000000ClirCAC")
WEBERBLOG = Reference(
    "Policy deny though action is allow (a pinned client on 7.1)",
    "https://weberblog.net/palo-alto-policy-deny-though-action-allow/",
)
DECRYPTION_ERRORS = Reference(
    "Decryption log errors and error indexes",
    _DOCS + "pan-os/10-2/pan-os-admin/decryption/troubleshoot-and-monitor-decryption/decryption-logs/"
    "decryption-log-errors-and-error-indexes",
)
DECRYPTION_LOGS = Reference(
    "Decryption logs",
    _DOCS + "pan-os/10-2/pan-os-admin/decryption/troubleshoot-and-monitor-decryption/decryption-logs",
)
INTERFACE_HELP = Reference("Web interface help, policies and objects", _DOCS + "pan-os/11-1/pan-os-web-interface-help")
PORTAL = Reference("Captive portal troubleshooting", _KB + "kA10g000000CljXCAS")
PORTAL_SETTINGS = Reference(
    "Captive portal settings",
    _DOCS
    + "pan-os/8-1/pan-os-web-interface-help/user-identification/device-user-identification-captive-portal-settings",
)
MFA_NOTIFICATION = Reference(
    "GlobalProtect: multi-factor authentication notifications",
    _DOCS + "globalprotect/10-1/globalprotect-admin/authentication/"
    "configure-globalprotect-to-facilitate-multi-factor-authentication-notifications",
)
SESSION_SETTINGS = Reference(
    "Session settings (rematch all sessions on config policy change)",
    _DOCS + "pan-os/8-0/pan-os-web-interface-help/device/device-setup-session/session-settings.html",
)
HTTP2 = Reference("HTTP/2 inspection", _DOCS + "pan-os/10-2/pan-os-admin/app-id/http2.html")
PREDICT = Reference("Predict sessions", _KB + "kA10g000000PLnlCAG")
THREAT_REASON = Reference("Session end reason threat", _KB + "kA14u000000HCQlCAO")
DISCARDED_DEFAULT = Reference(
    "Log types: traffic logs",
    _DOCS + "pan-os/9-1/pan-os-admin/monitoring/view-and-manage-logs/log-types-and-severity-levels/traffic-logs.html",
)
