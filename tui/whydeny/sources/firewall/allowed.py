"""What may be sent to a firewall: the list that every request passes right before it leaves.

`keygen`, `show`, the three policy tests, log queries, configuration reads, and `request system external-list show`.
Everything else is stopped, whoever asked for it and however it was built. The list names what is allowed; what it
doesn't know is refused.
"""

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from whydeny.model.safe import safe_text
from whydeny.sources.firewall.failures import ForbiddenCall

# `test` has commands that do something (start an IKE negotiation, log a user in, send a mail): only these only ask.
# cp-policy-match is authentication-policy-match before PAN-OS 8.0.
TESTS = frozenset(
    {"security-policy-match", "decryption-policy-match", "authentication-policy-match", "cp-policy-match"}
)
LOG_TYPES = frozenset(
    {
        "traffic", "decryption", "auth", "url", "threat", "userid", "iptag", "system", "config", "globalprotect",
        "hipmatch", "tunnel",
    }
)  # fmt: skip
MOST_ROWS = 5000  # of one log query, as the XML API has it
LONGEST = 16_384  # characters of one command, query or path
_LIST_MEMBERS = ("request", "system", "external-list", "show")
_VSYS = re.compile(r"(?:vsys\d{1,3}|shared)")
_SERIAL = re.compile(r"[0-9A-Za-z]{1,32}")
_NUMBER = re.compile(r"\d{1,12}")
_XPATH = re.compile(r"/config(?:/[\w.-]+(?:\[@name=(?:'[^'\x00-\x1f]*'|\"[^\"\x00-\x1f]*\")\])?)*")
_COMMON = frozenset({"type", "key", "target"})
_PARAMETERS = {
    "keygen": frozenset({"type", "user", "password"}),
    "op": _COMMON | {"cmd", "vsys"},
    "config": _COMMON | {"action", "xpath"},
    "log": _COMMON | {"log-type", "query", "nlogs", "skip", "dir", "action", "job-id"},
}


def require_allowed(parameters: Mapping[str, object]) -> None:
    """Raise `ForbiddenCall` unless a request with these parameters only reads.

    Values other than text (a `Secret`) are only accepted where a secret belongs.
    """
    kind = parameters.get("type")
    if not isinstance(kind, str) or kind not in _PARAMETERS:
        raise ForbiddenCall(f"requests of type {safe_text(str(kind), 40)}")
    extra = sorted(set(parameters) - _PARAMETERS[kind])
    if extra:
        raise ForbiddenCall(f"the parameter {safe_text(extra[0], 40)} with a request of type {kind}")
    text: dict[str, str] = {}
    for name, value in parameters.items():
        if name in ("key", "password"):
            continue
        if not isinstance(value, str) or len(value) > LONGEST:
            raise ForbiddenCall(f"a {name} that is no text of at most {LONGEST:,} characters")
        text[name] = value
    _require(text.get("target", "0"), _SERIAL, "target")
    if kind == "op":
        _require(text.get("vsys", "shared"), _VSYS, "vsys")
        _require_command(text.get("cmd", ""))
    elif kind == "config":
        if text.get("action") not in ("get", "show"):
            raise ForbiddenCall(f"the configuration action {safe_text(text.get('action', 'none'), 40)}")
        _require(text.get("xpath", ""), _XPATH, "xpath")
    elif kind == "log":
        _require_log(text)


def _require(value: str, pattern: re.Pattern[str], name: str) -> None:
    if not pattern.fullmatch(value):
        raise ForbiddenCall(f"{safe_text(value, 60) or 'nothing'} as {name}")


def _require_command(command: str) -> None:
    """An operational command is one element with one way down to what it does."""
    try:
        root: Element = fromstring(command, forbid_dtd=True)
    except (ParseError, DefusedXmlException):
        raise ForbiddenCall("a command that is not one XML element") from None
    if any(element.attrib for element in root.iter()):
        raise ForbiddenCall("a command with attributes")
    first = list(root)
    shown = f"{root.tag} {first[0].tag}" if first else root.tag
    if len(first) != 1 or (root.text or "").strip():
        raise ForbiddenCall(f"the command {safe_text(shown, 80)}, which is not one command")
    if root.tag == "show":
        return
    if root.tag == "test" and first[0].tag in TESTS:
        return
    if _path_down(root)[: len(_LIST_MEMBERS)] == _LIST_MEMBERS:
        return
    raise ForbiddenCall(f"the command {safe_text(shown, 80)}")


def _path_down(element: Element) -> tuple[str, ...]:
    """The tags from `element` down, as long as each holds exactly one element."""
    path = [element.tag]
    while len(element) == 1:
        element = element[0]
        path.append(element.tag)
        if tuple(path) == _LIST_MEMBERS:
            break
    return tuple(path)


def _require_log(text: Mapping[str, str]) -> None:
    action = text.get("action")
    if action is None:
        if text.get("log-type") not in LOG_TYPES:
            raise ForbiddenCall(f"a query of the log {safe_text(text.get('log-type', 'none'), 40)}")
        _require(text.get("nlogs", "1"), _NUMBER, "nlogs")
        _require(text.get("skip", "0"), _NUMBER, "skip")
        if int(text.get("nlogs", "1")) > MOST_ROWS:
            raise ForbiddenCall(f"a log query for more than {MOST_ROWS:,} rows")
        if text.get("dir", "backward") not in ("backward", "forward"):
            raise ForbiddenCall("a log query with another direction than backward or forward")
    elif action in ("get", "finish"):
        _require(text.get("job-id", ""), _NUMBER, "job-id")
    else:
        raise ForbiddenCall(f"the log action {safe_text(action, 40)}")
