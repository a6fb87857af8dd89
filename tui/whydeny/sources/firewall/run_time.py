"""Run-time facts that no configuration holds, fetched for the rules that need them: each turns an unknown into an answer.

Members of external lists, addresses of FQDN objects, registered tags, members of dynamic groups, users behind
addresses, members of user groups. Nothing is fetched for which no rule asks, and nothing twice.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from whydeny.model.addresses import format_address
from whydeny.model.answers import DeviceAnswers
from whydeny.model.configuration import AddressGroup, Policy, Rule, Rulebase
from whydeny.model.errors import InputError
from whydeny.model.progress import Progress
from whydeny.model.site import Problem
from whydeny.model.tables import Session
from whydeny.sources.exports.device_answers import merge_answers, read_answers
from whydeny.sources.firewall.commands import command, holder, value
from whydeny.sources.firewall.connection import Connection
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.limits import PAGE
from whydeny.sources.firewall.reading import problems_of

LIST_PAGE = 10_000  # members that one answer may hold; the device's default is 100
TAG_PAGE = 500  # registered addresses in one answer of the API
MOST_MEMBERS = 200_000
MOST_GROUPS = 50
_DEEPEST = 20  # groups in groups
_NO_NAMES = frozenset({"any", "known-user", "unknown", "pre-logon"})
_PASSING = frozenset({Failure.NO_RIGHTS, Failure.SAID, Failure.TIMEOUT, Failure.TOO_LARGE, Failure.NOT_XML})


@dataclass(frozen=True, slots=True)
class Needs:
    """What rules ask for: external lists by kind, FQDNs, whether tags and dynamic groups, user groups."""

    lists: tuple[tuple[str, str], ...] = ()  # (name, kind)
    names: tuple[str, ...] = ()
    dynamic: bool = False
    groups: tuple[str, ...] = ()


def needs_of(policy: Policy, rules: Iterable[Rule] | None = None) -> Needs:
    """What the given rules of a policy (None: all that are enabled) need to be told apart."""
    if rules is None:
        rules = (rule for rulebase in Rulebase for rule in policy.rules.get(rulebase, ()) if not rule.disabled)
    wanted = _Wanted(policy)
    for rule in rules:
        for member in (*rule.sources, *rule.destinations):
            wanted.address(member, 0)
        for category in rule.categories:
            wanted.list_(category, ("url", "predefined-url"))
        wanted.groups.update(dict.fromkeys(user for user in rule.users if user not in _NO_NAMES))
    return Needs(tuple(wanted.lists.items()), tuple(wanted.names), wanted.dynamic, tuple(wanted.groups))


class _Wanted:
    """Names met on the way through rules and groups."""

    def __init__(self, policy: Policy) -> None:
        self.lists: dict[str, str] = {}
        self.names: dict[str, None] = {}
        self.groups: dict[str, None] = {}
        self.dynamic = False
        self._policy = policy
        self._seen: set[str] = set()

    def address(self, member: str, depth: int) -> None:
        """One member of a source or destination, through groups."""
        if member in self._seen or depth > _DEEPEST or member == "any":
            return
        self._seen.add(member)
        for scope in self._policy.scopes:
            group: AddressGroup | None = scope.address_groups.get(member)
            if group is not None:
                self.dynamic |= group.filter is not None
                for inner in group.members:
                    self.address(inner, depth + 1)
                return
            address = scope.addresses.get(member)
            if address is not None:
                if address.kind == "fqdn":
                    self.names[address.value.lower().rstrip(".")] = None
                return
        self.list_(member, ("ip", "predefined-ip"))

    def list_(self, name: str, kinds: tuple[str, ...]) -> None:
        """A name that may be an external list of one of `kinds`."""
        for scope in self._policy.scopes:
            found = scope.external_lists.get(name)
            if found is not None and found.kind in kinds:
                self.lists[name] = found.kind
                return


@dataclass(slots=True)
class RunTime:
    """Fetches run-time facts once; `answers` grows, `problems` says what could not be had."""

    connection: Connection
    vsys: str = "vsys1"
    multi_vsys: bool = False
    answers: DeviceAnswers = field(default_factory=DeviceAnswers)
    problems: list[Problem] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)

    def resolve(self, needs: Needs, session: Session | None, progress: Progress) -> DeviceAnswers:
        """Fetch what is needed and not known yet; and, with a session, the user behind its source.

        Raises `FirewallError` where the connection itself is the problem, `Cancelled` when the progress was stopped.
        """
        for place, (name, kind) in enumerate(needs.lists):
            progress.step("reading external lists from the firewall", place, len(needs.lists))
            self._once(f"list {name}", lambda name=name, kind=kind: self._list(name, kind, progress))  # type: ignore[misc]
        if any(name not in self.answers.fqdns for name in needs.names):
            self._once("names", lambda: self._simple("show/dns-proxy/fqdn/all", progress))
        if needs.dynamic:
            self._once("tags", lambda: self._tags(progress))
            self._once("groups", lambda: self._simple("show/object/dynamic-address-group/all", progress))
        for group in needs.groups[:MOST_GROUPS]:
            self._once(f"user group {group}", lambda group=group: self._group(group, progress))  # type: ignore[misc]
        if session is not None and session.source is not None and session.user in (None, ""):
            address = format_address(session.source)
            self._once(f"user {address}", lambda: self._user(address, progress))
        return self.answers

    def forget(self) -> None:
        """Let everything be asked again: lists, names and users change."""
        self._asked.clear()
        self.answers = DeviceAnswers()

    def _once(self, what: str, fetch: Callable[[], object]) -> None:
        if what in self._asked:
            return
        self._asked.add(what)
        try:
            fetch()
        except (FirewallError, InputError) as error:
            if isinstance(error, FirewallError) and error.failure not in _PASSING:
                self._asked.discard(what)
                raise
            self.problems += problems_of(self.connection.address.name, [error])

    def _take(self, body: bytes, what: str) -> DeviceAnswers | None:
        found = read_answers(body, what, 0, self.vsys)
        if found is not None:
            self.answers = merge_answers(self.answers, found)
        return found

    def _simple(self, path: str, progress: Progress) -> DeviceAnswers | None:
        return self._take(self.connection.op(command(path), progress, PAGE), path.replace("/", " "))

    def _tags(self, progress: Progress) -> None:
        """All registered addresses; an answer of as many as one page holds may have left some out."""
        found = self._simple("show/object/registered-ip/all", progress)
        entries = 0 if found is None else len(found.registered_tags) + len(found.registered_networks)
        self.answers = replace(self.answers, registered_complete=entries < TAG_PAGE)

    def _user(self, address: str, progress: Progress) -> None:
        call = command("show/user/ip-user-mapping", value("ip", address))
        self._take(self.connection.op(call, progress, vsys=self.vsys), "show user ip-user-mapping")

    def _group(self, group: str, progress: Progress) -> None:
        call = command("show/user/group", value("name", group))
        try:
            body = self.connection.op(call, progress, PAGE, self.vsys)
        except FirewallError as error:
            if error.failure is Failure.SAID:  # no group of this name: most often it is a user
                return
            raise
        found = self._take(body, f'show user group name "{group}"')
        if found is not None and group.lower() not in found.user_groups and len(found.user_groups) == 1:
            users = next(iter(found.user_groups.values()))
            known = {**self.answers.user_groups, group.lower(): users}
            self.answers = replace(self.answers, user_groups=known)

    def _list(self, name: str, kind: str, progress: Progress) -> None:
        """All pages of one external list. On a device with virtual systems only vsys1 can be asked: choosing another
        one would set something on it."""
        if self.multi_vsys and self.vsys != "vsys1":
            message = (
                f"the members of external list {name} of {self.vsys} can't be asked for without setting target-vsys"
            )
            self.problems.append(Problem(self.connection.address.name, None, message))
            return
        anchor = 1
        while anchor <= MOST_MEMBERS:
            page = holder(
                kind, [value("name", name), value("anchor", str(anchor)), value("num-records", str(LIST_PAGE))]
            )
            call = command("request/system/external-list/show/type", page)
            found = self._take(self.connection.op(call, progress, PAGE), f"external list {name}")
            if found is None or not found.partial_lists.get(name, ((), 0))[0] or name in self.answers.list_members:
                return
            anchor += LIST_PAGE
