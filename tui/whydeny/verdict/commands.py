"""Commands ready to paste, with this session's values, quoted for the PAN-OS command line and the log filter.

Spellings: PAN-OS CLI; `find command keyword policy-match` on the device is the
arbiter. All of them only read.
"""

from whydeny.model.configuration import Rulebase
from whydeny.model.release import Release
from whydeny.model.safe import safe_text
from whydeny.model.tables import Session
from whydeny.policy.flows import user_of
from whydeny.verdict.case import NOT_IDENTIFIED, Case

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@")


def quoted(text: str) -> str:
    """A value as one word of the PAN-OS command line; quotes inside it can't be escaped there and become `'`."""
    text = safe_text(text)
    if text and all(character in _PLAIN for character in text):
        return text
    return '"' + text.replace('"', "'") + '"'


def policy_test(rulebase: Rulebase, session: Session, release: Release | None = None) -> str | None:
    """The device's own look-up for a session; None where the row lacks what the test needs.

    Before 8.0 the test of what became authentication rules is called cp-policy-match.
    """
    if not (session.from_zone and session.to_zone and session.source_text and session.destination_text):
        return None
    words = [
        f"test {'cp' if rulebase is Rulebase.AUTHENTICATION and before_8(release) else rulebase}-policy-match",
        f"from {quoted(session.from_zone)} to {quoted(session.to_zone)}",
        f"source {session.source_text} destination {session.destination_text}",
    ]
    category = session.category if session.category not in (None, "any") else None
    if rulebase is Rulebase.SECURITY:
        if session.protocol is None:
            return None
        words.append(f"protocol {session.protocol}")
        if session.destination_port is not None and session.protocol in (6, 17, 132):
            words.append(f"destination-port {session.destination_port}")
        if session.application and session.application.lower() not in NOT_IDENTIFIED:
            words.append(f"application {quoted(session.application)}")
        if category:
            words.append(f"category {quoted(category)}")
        user = user_of(session.user, live=True)
        if user:
            words.append(f"source-user {quoted(user)}")
        words.append("show-all yes")
    elif category:
        words.append(f"category {quoted(category)}")
    return " ".join(words)


def before_8(release: Release | None) -> bool:
    """Whether a release is known and older than 8.0."""
    return release is not None and release < Release(8, 0)


def log_filter(session: Session) -> str:
    """A filter for the log views of the web interface that finds the session's rows."""
    terms = []
    if session.id:
        terms.append(f"( sessionid eq {session.id} )")
    if session.source_text:
        terms.append(f"( addr.src in {session.source_text} )")
    if session.destination_text:
        terms.append(f"( addr.dst in {session.destination_text} )")
    return " and ".join(terms)


def commands_for(case: Case) -> tuple[str, ...]:
    """The commands that settle or confirm a finding about this session, most telling first."""
    session = case.session
    rules = case.policy.rules if case.policy else None
    found = [
        policy_test(rulebase, session, case.release)
        for rulebase in (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION)
        if rules is None or rules.get(rulebase)
    ]
    if session.id:
        found.append(f"show session id {session.id}")
    if session.source_text:
        found.append(f"show session all filter state discard source {session.source_text}")
    text = log_filter(session)
    if text:
        found.append(text)
    return tuple(command for command in found if command)
