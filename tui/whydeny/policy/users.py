"""The source user of a rule: any, known-user, unknown, pre-logon, names and groups.

Sources: PAN-OS web interface help, Policies > Security, tab User. The members of a group are run-time facts
that no configuration holds. A name that logs show as a user's is no group's: a directory gives an account name once
in a domain, to a user or to a group.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from whydeny.model.answers import DeviceAnswers
from whydeny.model.truth import Truth
from whydeny.policy.wording import members as listed

KEYWORDS = frozenset({"any", "known-user", "unknown", "pre-logon"})


@dataclass(frozen=True, slots=True)
class UserName:
    """A user as (domain, name) in lower case; the domain is "" where it isn't written."""

    domain: str
    name: str

    def same_as(self, other: "UserName") -> Truth:
        """Whether two spellings are one user.

        `example\\jdoe` and `jdoe@example.net` agree: the NetBIOS name is taken for the first label of the DNS
        domain. Where it is another label, as in `jdoe@ad.example.net`, and where only one of them has a domain, it
        can't be told.
        """
        if self.name != other.name:
            return Truth.NO_MATCH
        if self.domain == other.domain:
            return Truth.MATCH
        if not self.domain or not other.domain:
            return Truth.UNKNOWN
        if ("." in self.domain) == ("." in other.domain):
            return Truth.NO_MATCH
        same = self.domain.partition(".")[0] == other.domain.partition(".")[0]
        return Truth.MATCH if same else Truth.UNKNOWN


def user_name(text: str) -> UserName:
    """`example\\jdoe`, `jdoe@example.net` or `jdoe` taken apart."""
    text = text.strip().lower()
    domain, slash, name = text.rpartition("\\")
    if slash:
        return UserName(domain, name)
    name, at, domain = text.rpartition("@")
    return UserName(domain, name) if at else UserName("", text)


@dataclass(frozen=True, slots=True)
class SeenUser:
    """The user of a flow: `text` is None where it isn't known, "" where the firewall knows no user."""

    text: str | None = None
    name: UserName = UserName("", "")
    dynamic_group: str = ""

    def __str__(self) -> str:
        if self.text is None:
            return "not known"
        return self.text or "no user known"


def seen_user(text: str | None, dynamic_group: str | None = None) -> SeenUser:
    """The user of a flow as a row writes it."""
    clean = None if text is None else text.strip()
    return SeenUser(clean, user_name(clean or ""), (dynamic_group or "").strip().lower())


@dataclass(frozen=True, slots=True, eq=False)
class UserField:
    """The compiled `source-user` of a rule.

    `names` holds the members that may be a user by their short name; `answered` the groups whose members are
    known (short name to spellings); `open` what is missing of those that are groups, or may be.
    """

    members: tuple[str, ...]
    anything: bool = False
    keywords: frozenset[str] = frozenset()
    names: Mapping[str, tuple[tuple[str, UserName], ...]] = field(default_factory=dict)
    answered: tuple[tuple[str, Mapping[str, tuple[UserName, ...]]], ...] = ()
    open: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()

    def decide(self, user: SeenUser) -> Truth:
        """Whether the rule takes this user."""
        if self.anything or (user.dynamic_group and user.dynamic_group in self.groups):
            return Truth.MATCH
        if user.text is None:
            return Truth.UNKNOWN
        if not user.text:
            return Truth.MATCH if "unknown" in self.keywords else Truth.NO_MATCH
        if "known-user" in self.keywords or ("pre-logon" in self.keywords and user.name.name == "pre-logon"):
            return Truth.MATCH
        found = Truth.UNKNOWN if self.open else Truth.NO_MATCH
        for _, name in self.names.get(user.name.name, ()):
            one = name.same_as(user.name)
            if one is Truth.MATCH:
                return one
            if one is Truth.UNKNOWN:
                found = one
        for _, inside in self.answered:
            for name in inside.get(user.name.name, ()):
                one = name.same_as(user.name)
                if one is Truth.MATCH:
                    return one
                if one is Truth.UNKNOWN:
                    found = one
        return found

    def path_to(self, user: SeenUser) -> tuple[str, ...]:
        """The member that holds the user, and the user's spelling in a group."""
        if self.anything:
            return ("any",)
        if user.dynamic_group and user.dynamic_group in self.groups:
            return (next(member for member in self.members if member.lower() == user.dynamic_group),)
        if not user.text:
            return ("unknown",)
        for member, name in self.names.get(user.name.name, ()):
            if name.same_as(user.name) is Truth.MATCH:
                return (member,)
        for group, inside in self.answered:
            if any(name.same_as(user.name) is Truth.MATCH for name in inside.get(user.name.name, ())):
                return (group, user.text)
        return ("pre-logon",) if user.name.name == "pre-logon" and "pre-logon" in self.keywords else ("known-user",)

    def needs(self, user: SeenUser) -> list[str]:
        """What would settle an unknown."""
        if user.text is None:
            return ["the source user"]
        found = list(self.open)
        spellings = [member for member, name in self.names.get(user.name.name, ())]
        spellings += [group for group, inside in self.answered if user.name.name in inside]
        if spellings and not found:
            found.append(f"the domain of user {user.text}")
        return found

    def wanted(self) -> str:
        """What the rule asks, compact."""
        return listed(self.members) if self.members else "any"


class UserBook:
    """Compiles the user fields of rules. `dynamic` are the names of dynamic user groups, `seen` those of users that log
    rows name; both in lower case."""

    def __init__(
        self, answers: DeviceAnswers, dynamic: frozenset[str] = frozenset(), seen: frozenset[str] = frozenset()
    ) -> None:
        self._dynamic = dynamic
        self._groups = {name.lower(): _by_short_name(users) for name, users in answers.user_groups.items()}
        self._users = {user_name(mapping.user) for mapping in answers.user_mappings}
        for users in answers.user_groups.values():
            self._users.update(map(user_name, users))
        self._seen = seen
        self._fields: dict[tuple[str, ...], UserField] = {}

    def field(self, members: tuple[str, ...]) -> UserField:
        """The compiled field of a rule; equal fields are one object."""
        found = self._fields.get(members)
        if found is None:
            found = self._fields[members] = self._compile(members)
        return found

    def _compile(self, members: tuple[str, ...]) -> UserField:
        if not members or "any" in members:
            return UserField(members, anything=True)
        names: dict[str, list[tuple[str, UserName]]] = {}
        answered: list[tuple[str, Mapping[str, tuple[UserName, ...]]]] = []
        unsettled: list[str] = []
        for member in dict.fromkeys(members):
            if member in KEYWORDS:
                continue
            if member.lower() in self._groups:
                answered.append((member, self._groups[member.lower()]))
                continue
            distinguished = member.lower().startswith("cn=")
            name = user_name(member)
            if not distinguished:
                names.setdefault(name.name, []).append((member, name))
            if member.lower() in self._dynamic:
                unsettled.append(f"the members of dynamic user group {member}")
            elif distinguished or (name not in self._users and member.lower() not in self._seen):
                what = "the members of user group {}" if distinguished else "the members of {}, if it is a user group"
                unsettled.append(what.format(member))
        return UserField(
            members,
            False,
            KEYWORDS.intersection(members),
            {short: tuple(found) for short, found in names.items()},
            tuple(answered),
            tuple(unsettled),
            frozenset(member.lower() for member in members),
        )


def _by_short_name(users: frozenset[str]) -> dict[str, tuple[UserName, ...]]:
    found: dict[str, list[UserName]] = {}
    for user in sorted(users):
        name = user_name(user)
        found.setdefault(name.name, []).append(name)
    return {short: tuple(names) for short, names in found.items()}
