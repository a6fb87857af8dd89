"""Whether the URL of a session stands in custom categories and lists, from its row in the URL log.

Sources: PAN-OS administrator's guide, "Custom URL Categories" and "Guidelines for URL Category Exceptions"
(https://docs.paloaltonetworks.com/pan-os/10-2/pan-os-admin/url-filtering/url-category-exceptions): an entry is a host
with an optional path, `*` stands for one or more parts between separators, `^` for exactly one; a custom category that
holds the URL stands in the log's URL Category List (9.0 and later).
"""

import re
from dataclasses import dataclass

from whydeny.model.configuration import Scope
from whydeny.model.truth import Truth, any_of
from whydeny.verdict.case import Case
from whydeny.verdict.finding import Trail
from whydeny.verdict.grounds import row_trail

_SEPARATORS = re.compile(r"[./?&=;+]")
_TOKENS = re.compile(r"[./?&=;+]|[^./?&=;+]+")
_LONGEST = 400  # parts of a URL that are looked at


@dataclass(frozen=True, slots=True)
class Listing:
    """Whether one of the wanted categories holds the URL, in words, the row that tells, and the categories that do."""

    result: Truth
    detail: str = ""
    trail: Trail | None = None
    names: str = ""


def listed_by(case: Case, categories: tuple[str, ...]) -> Listing:
    """Whether the URL log shows the session's URL in one of `categories`; unknown without a row that tells."""
    for row in case.url_rows:
        trail = row_trail("url", row["row"])
        url = str(row.get("url") or "")
        shown = {name.strip().lower() for name in str(row.get("url_categories") or "").split(",") if name.strip()}
        own = str(row.get("category") or "").strip().lower()
        hits = [name for name in categories if name.lower() in (*shown, own)]
        if hits:
            return Listing(Truth.MATCH, f"the URL log lists {url or 'it'} under {hits[0]}", trail, hits[0])
        if len(shown) > 1:
            return Listing(
                Truth.NO_MATCH, f"the URL log shows {url or 'it'} under {', '.join(sorted(shown))} alone", trail
            )
        if url:
            scopes = case.policy.scopes if case.policy else ()
            result = any_of(_holds(name, url, scopes, case) for name in categories)
            if result is not Truth.UNKNOWN:
                word = "is" if result is Truth.MATCH else "is not"
                names = ", ".join(categories[:3])
                return Listing(result, f"{url} {word} in {names}", trail, names)
    return Listing(Truth.UNKNOWN)


def _holds(name: str, url: str, scopes: tuple[Scope, ...], case: Case) -> Truth:
    """Whether one category holds a URL; a predefined one is judged by the row's own category elsewhere."""
    members = case.engine.answers.list_members.get(name) if case.engine else None
    for scope in scopes:
        if name in scope.url_categories:
            category = scope.url_categories[name]
            if category.kind == "Category Match":
                return Truth.UNKNOWN
            members = category.members
            break
        if name in scope.external_lists and members is None:
            return Truth.UNKNOWN
    if members is None:
        return Truth.NO_MATCH
    return any_of(url_fits(member, url) for member in members)


def url_fits(entry: str, url: str) -> Truth:
    """Whether one entry of a URL list takes a URL. An entry without a slash at its end is unknown where it only begins alike."""
    wanted, had = _bare(entry), _bare(url)
    if not wanted:
        return Truth.NO_MATCH
    had += "" if "/" in had else "/"
    ends = _ends(_TOKENS.findall(wanted.removesuffix("/")), _TOKENS.findall(had)[:_LONGEST])
    following = {had[end : end + 1] for end in ends}
    if following & {"", "/"}:
        return Truth.MATCH
    open_end = not wanted.endswith("/")
    return Truth.UNKNOWN if open_end and any(_SEPARATORS.match(after) for after in following) else Truth.NO_MATCH


def _ends(wanted: list[str], had: list[str]) -> set[int]:
    """Where in the URL (in characters) the parts of an entry can end: `*` takes one or more parts, `^` exactly one."""
    starts = [0]
    for part in had:
        starts.append(starts[-1] + len(part))
    reached = {0}  # numbers of parts of the URL taken so far
    for part in wanted:
        following: set[int] = set()
        for at in reached:
            if at >= len(had) or (part in ("*", "^") and _SEPARATORS.match(had[at])):
                continue
            if part == "*":
                following.update(end for end in range(at + 1, len(had) + 1) if not _SEPARATORS.match(had[end - 1]))
            elif part == "^" or part == had[at]:
                following.add(at + 1)
        reached = following
    return {starts[at] for at in reached}


def _bare(text: str) -> str:
    """A URL or entry without scheme and port, in lower case."""
    text = re.sub(r"^[a-z]+://", "", text.strip().lower())
    host, slash, path = text.partition("/")
    return re.sub(r":\d+$", "", host) + slash + path
