"""What a rule's criteria list as an indented tree: those that take this session marked, what is unknown with what would
tell it, thousands of members bounded and searchable."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from whydeny.model.addresses import parse_address
from whydeny.model.progress import Progress
from whydeny.model.truth import Truth
from whydeny.policy.lookup import Criterion, RuleTrace
from whydeny.policy.member import Listed, Member
from whydeny.ui.glyphs import Glyphs
from whydeny.ui.lines import Line, Span, line
from whydeny.ui.rule_lines import FIELD, ROLES, WORDS

FIRST = 40  # members of one group that are shown at first
MORE = 1000  # that are shown more when asked
ALWAYS = 20  # members beyond those that are shown because they take the session, or may
MOST = 2000  # lines from which on groups stay closed until they are opened
MOST_FOUND = 500  # members that a search shows
STEP = 2000  # members between two looks whether to stop
DEEPEST_INDENT = 16
NAME = 30

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Toggle:
    """Where a line leads: open what stands under `path`, or close it."""

    path: Path
    opened: bool


@dataclass(frozen=True, slots=True)
class ShowMore:
    """Where a line leads: more members of what stands at `path`."""

    path: Path


@dataclass(frozen=True, slots=True)
class Unfolded:
    """How the tree is looked at: what was opened or closed by hand, how many members are shown of what, and the words
    to find (empty: none)."""

    opened: Mapping[Path, bool] = field(default_factory=dict)
    shown: Mapping[Path, int] = field(default_factory=dict)
    words: str = ""


Opened = dict[Path, Sequence[Member]]  # what stands under each path, once it was looked into


def member_lines(
    trace: RuleTrace, lists: Sequence[Listed], unfolded: Unfolded, opened: Opened, glyphs: Glyphs, progress: Progress
) -> list[Line]:
    """The whole page for one rule and one session; what is looked into is put into `opened`, for the next time."""
    listed = {found.field: found for found in lists}
    tree = _Tree(unfolded, opened, glyphs, progress)
    for criterion in trace.criteria:
        tree.add_criterion(criterion, listed.get(criterion.field))
    if unfolded.words and not tree.found:
        tree.lines.append(line(Span("nothing that this rule lists has these words or holds this address", "doubt")))
    elif tree.found > MOST_FOUND:
        tree.lines.append(line(Span(f"and {tree.found - MOST_FOUND:,} more; another word narrows them", "doubt")))
    return tree.lines


class _Tree:
    def __init__(self, unfolded: Unfolded, opened: Opened, glyphs: Glyphs, progress: Progress) -> None:
        self.lines: list[Line] = []
        self.found = 0
        self._unfolded = unfolded
        self._opened = opened
        self._glyphs = glyphs
        self._progress = progress
        self._words = unfolded.words.lower().split()
        self._address = parse_address(unfolded.words.strip()) if unfolded.words else None
        self._seen: set[Path] = set()
        self._count = 0

    def add_criterion(self, criterion: Criterion, listed: Listed | None) -> None:
        members = listed.members if listed is not None else ()
        path = (criterion.field,)
        if self._words:
            inside = list(self._search(members, path, 1))
            if inside:
                self.lines += [self._heading(criterion, listed, path, bool(members)), *inside]
            return
        opens = self._opens(path)
        plain = len(members) == 1 and members[0].name == "any"
        self.lines.append(self._heading(criterion, listed, path, bool(members) and not plain))
        if opens and not plain:
            self._add_all(members, path, 1)

    def _heading(self, criterion: Criterion, listed: Listed | None, path: Path, opens: bool) -> Line:
        role = ROLES[criterion.result]
        negate = listed is not None and listed.negate
        wants = "takes all but these" if negate and opens else "" if opens else f"wants {criterion.wanted}"
        why = criterion.detail if criterion.result is not Truth.MATCH else ""
        return line(
            Span(f"{self._glyphs.sign(criterion.result)} ", role),
            Span(criterion.field.ljust(FIELD), "title"),
            Span(f" {WORDS[criterion.result]}", role),
            Span(f" {self._glyphs.dot} had ", "quiet"),
            criterion.had,
            Span(f" {self._glyphs.dot} {wants}" if wants else "", "quiet"),
            Span(f" {self._glyphs.dot} {why}" if why else "", "quiet"),
            hang=4,
            target=Toggle(path, not self._opens(path)) if opens else None,
        )

    # Without words: the tree as far as it is opened.

    def _opens(self, path: Path) -> bool:
        by_hand = self._unfolded.opened.get(path)
        return len(self.lines) < MOST if by_hand is None else by_hand

    def _add_all(self, members: Sequence[Member], path: Path, depth: int) -> None:
        """As many as are to be shown; of the others those that take the session or may."""
        limit = self._unfolded.shown.get(path, FIRST)
        rest = [m for m in members[limit:] if m.result in (Truth.MATCH, Truth.UNKNOWN)][:ALWAYS]
        for member in (*members[:limit], *rest):
            self._step()
            self._add(member, (*path, member.name), depth)
        hidden = len(members) - min(limit, len(members)) - len(rest)
        if hidden:
            text = f"{self._glyphs.more} and {hidden:,} more"
            keys = f"; Enter shows {'them' if hidden <= MORE else f'{MORE:,} of them'}, / finds among all"
            self.lines.append(
                line("  ", _indent(depth), Span(text, "strong"), Span(keys, "quiet"), target=ShowMore(path), cut=True)
            )

    def _add(self, member: Member, path: Path, depth: int) -> None:
        opens = member.inside is not None and self._opens(path)
        self.lines.append(self._member_line(member, path, depth, opens))
        if opens:
            self._add_all(self._inside(member, path), path, depth + 1)

    # With words: only what has them, and the groups around it.

    def _search(self, members: Sequence[Member], path: Path, depth: int) -> Iterator[Line]:
        for member in members:
            self._step()
            here = (*path, member.name)
            hit = self._hits(member)
            inside: list[Line] = []
            # A group that stands in several places is looked into once for each criterion.
            if member.inside is not None and (here[0], member.name) not in self._seen:
                self._seen.add((here[0], member.name))
                inside = list(self._search(self._inside(member, here), here, depth + 1))
            if hit:
                self.found += 1
            if inside or (hit and self.found <= MOST_FOUND):
                yield self._member_line(member, here, depth, bool(inside))
                yield from inside

    def _inside(self, member: Member, path: Path) -> Sequence[Member]:
        found = self._opened.get(path)
        if found is None:
            self._progress.step("looking into members", self._count, 0)
            found = self._opened[path] = member.inside() if member.inside is not None else ()
        return found

    def _hits(self, member: Member) -> bool:
        if self._address is not None:
            return member.holds is not None and member.holds(self._address)
        text = f"{member.name} {member.value} {member.what}".lower()
        return all(word in text for word in self._words)

    def _step(self) -> None:
        self._count += 1
        if self._count % STEP == 0:
            self._progress.step("looking into members", self._count, 0)

    def _member_line(self, member: Member, path: Path, depth: int, opened: bool) -> Line:
        sign, role = " ", ""
        if member.result in (Truth.MATCH, Truth.UNKNOWN):
            sign, role = self._glyphs.sign(member.result), ROLES[member.result]
        fold = ""
        if member.inside is not None:
            fold = f"{self._glyphs.opened if opened else self._glyphs.folded} "
        indent = _indent(depth)
        named = f"{fold}{member.name}".ljust(NAME - len(indent))
        spans = [Span(f"{sign} ", role), Span(indent), Span(named, "strong" if member.result is Truth.MATCH else "")]
        if member.value:
            spans.append(Span(f" {member.value}"))
        if member.what:
            spans.append(Span(f" {member.what}", "quiet"))
        needs = f"unknown, needs {member.settle}" if member.settle else ""
        more = "; ".join(part for part in (needs, member.note) if part)
        if more:
            spans.append(Span(f" {self._glyphs.dot} {more}", "doubt" if needs else "quiet"))
        target = Toggle(path, not opened) if member.inside is not None and not self._words else None
        return line(*spans, hang=len(indent) + 6, target=target)


def _indent(depth: int) -> str:
    return "  " * min(depth, DEEPEST_INDENT)
