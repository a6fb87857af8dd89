"""What can be copied of a session, each as text. The finding is what `whydeny explain` prints, to the letter."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus

from whydeny.filters.native import session_filter
from whydeny.model.tables import Session
from whydeny.report.data import finding_json
from whydeny.report.markdown import finding_markdown
from whydeny.report.text import finding_text
from whydeny.verdict.finding import Finding

# Sections at the end of a finding that a short ticket does without, in their order.
LEFT_OUT = ("Ruled out", "References")
# Cells that a spreadsheet would take for a formula get an apostrophe in front.
_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that can be copied."""

    id: str
    word: str
    hint: str


KINDS = (
    Kind("finding", "finding", "for a ticket, as `whydeny explain` prints it"),
    Kind("short", "short ticket", "the same without what was ruled out and the references"),
    Kind("markdown", "Markdown", "the finding for a wiki or a chat"),
    Kind("json", "JSON", "the finding as one object, as `whydeny explain --format json`"),
    Kind("commands", "commands", "those that the verdict recommends"),
    Kind("file", "to a file", "the finding, where no clipboard is reachable; its path is shown"),
    Kind("row", "row", "the visible cells with their headings"),
    Kind("cell", "cell", "the value under the cursor"),
    Kind("filter", "log filter", "finds this session in Monitor > Logs > Traffic"),
    Kind("query", "API query", "the same as parameters of an API call"),
)


def finding_as(kind: str, finding: Finding) -> str:
    """The finding as `finding`, `short`, `markdown`, `json` or `commands`."""
    if kind == "markdown":
        return finding_markdown(finding)
    if kind == "json":
        return json.dumps(finding_json(finding), ensure_ascii=False)
    if kind == "commands":
        return "\n".join(finding.verdict.commands)
    text = finding_text(finding)
    if kind == "short":
        for title in LEFT_OUT:
            text = text.partition(f"\n\n{title}:\n")[0]
        text = text.rstrip("\n") + "\n"
    return text


def row_text(cells: Sequence[tuple[str, str]]) -> str:
    """Heading and value, one a line; empty cells are left out."""
    return "\n".join(f"{title}: {harmless(text)}" for title, text in cells if text)


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def session_query(session: Session) -> str:
    """The same as the parameters of a log query, without host or key: `type=log&log-type=traffic&query=…`."""
    return f"type=log&log-type=traffic&nlogs=100&query={quote_plus(session_filter(session))}"
