"""A finding as Markdown for a ticket or a chat."""

import re

from whydeny.model.configuration import Rulebase
from whydeny.report.text import evidence_text, rule_line, session_facts
from whydeny.verdict.finding import Finding

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!])")


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", text)


def code(text: str) -> str:
    """Text as inline code, with a fence longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def finding_markdown(finding: Finding) -> str:
    """The same finding as `finding_text`, as Markdown."""
    verdict = finding.verdict
    cause = (
        f"{verdict.title or verdict.cause}, confidence {verdict.confidence:.2f}" if verdict.cause else finding.outcome
    )
    lines = [f"## {escaped(str(cause))}", "", escaped(verdict.headline), ""]
    lines += [f"* {label}: {code(value)}" for label, value in session_facts(finding.session)]
    if verdict.denied_by:
        lines.append(f"* Denied by: {code(verdict.denied_by)}")
    for title, items in (
        ("Evidence for", [evidence_text(item) for item in verdict.supports]),
        ("Evidence against", [evidence_text(item) for item in verdict.contradicts]),
        ("Missing", verdict.missing),
    ):
        if items:
            lines += ["", f"**{title}**", "", *(f"{n}. {escaped(text)}" for n, text in enumerate(items, 1))]
    if finding.alternatives:
        lines += ["", "**What else it could be**", ""]
        lines += [
            f"* {code(a.cause)} {a.confidence:.2f}; turned by: {escaped(a.flips_if)}" for a in finding.alternatives
        ]
    lines += ["", "**Rules**", ""]
    for rulebase in (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION):
        lines.append(f"* {rulebase}: {escaped(rule_line(finding.lookups[rulebase]))}")
    if verdict.fix:
        where = f" ({escaped(verdict.fix_at)})" if verdict.fix_at else ""
        lines += ["", f"**What to do**{where}: {escaped(verdict.fix)}"]
    if verdict.commands:
        lines += ["", "```", *(command.replace("```", "'''") for command in verdict.commands), "```"]
    return "\n".join(lines) + "\n"
