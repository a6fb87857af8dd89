"""Ask the device itself: the three `test …-policy-match` commands for one session.

The commands need a numeric protocol and real zones (`any` is no zone); the decryption and authentication tests take
no port. Arguments: PAN-OS CLI reference, `test`.
"""

from dataclasses import dataclass, field, replace

from whydeny.model.answers import PolicyTest
from whydeny.model.configuration import Rulebase
from whydeny.model.errors import InputError
from whydeny.model.progress import Progress
from whydeny.model.release import Release
from whydeny.model.tables import Session
from whydeny.sources.exports.device_answers import read_answers
from whydeny.sources.firewall.commands import command, value
from whydeny.sources.firewall.connection import Connection
from whydeny.sources.firewall.failures import Failure, FirewallError

_NO_APPLICATION = frozenset({"", "incomplete", "insufficient-data", "not-applicable", "unknown"})
_NO_CATEGORY = frozenset({"", "any", "not-resolved", "unknown"})
_WITH_PORTS = frozenset({6, 17, 132})
_V8 = Release(8, 0)


@dataclass(slots=True)
class DeviceOpinion:
    """What the device says about one session: a test for each rulebase that it answered for, and why not the others."""

    tests: list[PolicyTest] = field(default_factory=list)
    failures: list[FirewallError] = field(default_factory=list)


def ask_policy(
    connection: Connection, session: Session, release: Release | None, progress: Progress, file: int
) -> DeviceOpinion:
    """Run the tests that the session has the values for. Raises `Cancelled`; failures are in the answer."""
    opinion = DeviceOpinion()
    name = connection.address.name
    if not session.from_zone or not session.to_zone or session.source is None or session.destination is None:
        reason = "the policy tests need both zones and addresses, and this row has not all of them"
        opinion.failures.append(FirewallError(Failure.SAID, f"{name}: {reason}"))
        return opinion
    for place, rulebase in enumerate((Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION)):
        progress.step("asking the firewall's own policy tests", place, 3)
        try:
            opinion.tests.append(_ask(connection, rulebase, session, release, progress, file))
        except FirewallError as error:
            opinion.failures.append(error)
    return opinion


def _ask(
    connection: Connection, rulebase: Rulebase, session: Session, release: Release | None, progress: Progress, file: int
) -> PolicyTest:
    asked = arguments(rulebase, session)
    try:
        return _test(connection, rulebase, asked, session.vsys, release, progress, file)
    except FirewallError as error:
        if error.failure is not Failure.SAID or "category" not in asked:
            raise
    del asked["category"]  # some releases refuse the name of a custom category here
    return _test(connection, rulebase, asked, session.vsys, release, progress, file)


def _test(
    connection: Connection, rulebase: Rulebase, asked: dict[str, str], vsys: str | None, release: Release | None,
    progress: Progress, file: int,
) -> PolicyTest:  # fmt: skip
    test = f"{rulebase}-policy-match"
    if rulebase is Rulebase.AUTHENTICATION and release is not None and release < _V8:
        test = "cp-policy-match"
    call = command(f"test/{test}", *(value(tag, text) for tag, text in asked.items()))
    body = connection.op(call, progress, vsys=vsys if vsys and vsys.startswith("vsys") else None)
    try:
        answers = read_answers(body, f"test {test}", file)
    except InputError as error:
        raise FirewallError(Failure.SAID, f"{connection.address.name}: {error}") from None
    if answers is None or not answers.tests:
        raise FirewallError(Failure.SAID, f"{connection.address.name}: the answer to test {test} is not understood")
    found = answers.tests[0]
    return replace(found, rulebase=rulebase, asked={**asked, **({"vsys": vsys} if vsys else {})})


def arguments(rulebase: Rulebase, session: Session) -> dict[str, str]:
    """What a test is asked with, by its own argument names."""
    asked = {
        "from": session.from_zone or "",
        "to": session.to_zone or "",
        "source": session.source_text or "",
        "destination": session.destination_text or "",
    }
    if rulebase is Rulebase.SECURITY:
        if session.protocol is not None:
            asked["protocol"] = str(session.protocol)
        if session.destination_port is not None and session.protocol in _WITH_PORTS:
            asked["destination-port"] = str(session.destination_port)
        if (session.application or "") not in _NO_APPLICATION:
            asked["application"] = session.application or ""
        if session.user:
            asked["source-user"] = session.user
    if (session.category or "") not in _NO_CATEGORY:
        asked["category"] = session.category or ""
    return asked
