"""A site's report as one self-contained HTML file: no script, nothing fetched from elsewhere."""

from collections.abc import Iterable
from html import escape

from whydeny.model.configuration import Rulebase
from whydeny.model.truth import Truth
from whydeny.policy.lookup import LookUp, RuleTrace
from whydeny.report.site import REDACTED, GroupFinding, SiteReport
from whydeny.report.site_text import group_counts, group_line, span_text
from whydeny.report.text import evidence_text, rule_action, rule_line, session_facts

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --paper: #fff; --line: #d5d9de; --soft: #667; --deny: #b3261e;
  --doubt: #9a6700; --good: #1a7f37; --panel: #f5f6f8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7eb; --paper: #14171a; --line: #3a4047; --soft: #9aa3ad;
  --deny: #ff8a80; --doubt: #e3b341; --good: #56d364; --panel: #1c2126; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 90rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; vertical-align: top;
  border-bottom: 1px solid var(--line); } th { color: var(--soft); font-weight: 600; } .n { text-align: right; }
table.small { width: auto; } .wide { overflow-x: auto; } td, p, li { overflow-wrap: anywhere; }
.findings td, .findings th { overflow-wrap: normal; } td.t, .n { white-space: nowrap; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { background: var(--panel); padding: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: 6px; padding: .6rem 1rem; margin: .8rem 0; }
summary { cursor: pointer; font-weight: 600; } .soft { color: var(--soft); } h4 { margin: 1.1rem 0 .3rem; }
ol { margin: .3rem 0; } details > div { scroll-margin-top: 4rem; }
.do { border-left: 3px solid var(--good); padding-left: .8rem; }
.rules { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: 1rem; }
.rules section { background: var(--panel); padding: .6rem .8rem; border-radius: 6px; min-width: 0; }
.rules h4 { margin: 0 0 .4rem; } .match { color: var(--good); } .no-match { color: var(--deny); }
.unknown { color: var(--doubt); } .rules td { padding: .15rem .5rem .15rem 0; border: 0; }
.rules td:first-child, .rules td:nth-child(2) { white-space: nowrap; width: 1%; }
svg { display: block; } svg .all { fill: var(--line); } svg .refused { fill: var(--deny); }
.axis { display: flex; justify-content: space-between; color: var(--soft); font-size: 13px; }
@media (max-width: 40rem) { body { margin: 1rem auto; } th, td { padding: .3rem .4rem; } details { padding: .5rem .6rem; } }
@media print { :root { color-scheme: light; --ink: #000; --paper: #fff; --line: #bbb; --soft: #444; --deny: #b3261e;
  --doubt: #7a5200; --good: #11622a; --panel: #f5f6f8; } body { margin: 0; max-width: none; font-size: 11px; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
  a { color: inherit; text-decoration: none; } tr, h2, h4, summary { break-inside: avoid; }
  h2, h4, summary { break-after: avoid; }
  .wide { overflow: visible; } code, pre { font-size: 10px; } .rules section { break-inside: avoid; } }
""".strip()
_SIGNS = {Truth.MATCH: "✓", Truth.NO_MATCH: "✗", Truth.UNKNOWN: "?"}


def report_html(report: SiteReport) -> str:
    """The whole file."""
    body = [f"<h1>{escape(report.title)}</h1>", *_basis(report), *_timeline(report), *_overview(report)]
    body += ["<h2>Findings in full</h2>"]
    for number, item in enumerate(report.groups, 1):
        body += _group(number, item)
    if report.left_out:
        body.append(f"<p class=soft>{report.left_out} smaller findings are left out.</p>")
    if report.notes:
        rows = "".join(f"<tr><td>{escape(on)}</td><td>{escape(note)}</td></tr>" for on, note in report.notes.items())
        body += ["<h2>Notes on sessions</h2>", f"<table>{rows}</table>"]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def _basis(report: SiteReport) -> list[str]:
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(what)}</td><td class=n>{f'{count:,}' if count else ''}</td></tr>"
        for name, what, count in report.sources
    )
    parts = [
        "<h2>What this rests on</h2>",
        f"<table><tr><th>file</th><th>what it is</th><th class=n>rows</th></tr>{rows}</table>",
        *([f"<p><b>{escape(REDACTED)}</b></p>"] if report.redacted else []),
        f"<p>{report.sessions:,} sessions, {escape(span_text(report))}.</p>",
    ]
    if report.missing:
        parts += ["<h2>What was missing</h2>", _list(report.missing)]
    if report.problems:
        parts += ["<h2>What could not be read</h2>", _list(report.problems)]
    outcomes = "".join(f"<tr><td>{escape(n)}</td><td class=n>{c:,}</td></tr>" for n, c in report.outcomes)
    parts += [
        "<h2>Outcomes</h2>",
        f"<table class=small><tr><th>outcome</th><th class=n>sessions</th></tr>{outcomes}</table>",
    ]
    return parts


def _timeline(report: SiteReport) -> list[str]:
    if not report.timeline:
        return []
    height, width = 60, 1000 / len(report.timeline)
    highest = max(total for _, total, _ in report.timeline) or 1
    most_refused = max(refused for _, _, refused in report.timeline) or 1
    bars = []
    for place, (moment, total, refused) in enumerate(report.timeline):
        title = f"<title>{moment:%Y-%m-%d %H:%M:%S}: {total:,} sessions, {refused:,} allowed then denied</title>"
        tall, low = total / highest * height, refused / most_refused * height / 2
        x = place * width
        bars.append(
            f'<g>{title}<rect class=all x="{x:.1f}" y="{height - tall:.1f}" width="{width - 1:.1f}" height="{tall:.1f}"/>'
            f'<rect class=refused x="{x:.1f}" y="{height - low:.1f}" width="{width - 1:.1f}" height="{low:.1f}"/></g>'
        )
    caption = (
        "<p class=soft>Sessions by time; in red those allowed, then denied "
        "(to a scale of their own; the exact numbers show under the pointer).</p>"
    )
    box = f'viewBox="0 0 1000 {height}" width="100%" height="{height}" preserveAspectRatio="none"'
    picture = f'<svg {box} role="img" aria-label="Sessions by time">{"".join(bars)}</svg>'
    marks = [report.timeline[len(report.timeline) * part // 4][0] for part in range(4)]
    marks.append(report.last or marks[-1])
    form = "%H:%M" if marks[0].date() == marks[-1].date() else "%Y-%m-%d %H:%M"
    axis = "".join(f"<span>{moment:{form}}</span>" for moment in marks)
    return ["<h2>Timeline</h2>", picture, f"<div class=axis>{axis}</div>", caption]


def _overview(report: SiteReport) -> list[str]:
    """One row a finding. Which firewall it is of stands there where the findings are of several."""
    owners = _owners(report)
    columns = [("#", "n"), ("sessions", "n"), ("cause", ""), ("application", ""), ("allowed by", ""), ("denied by", "")]
    columns += [("firewall", "")] if owners else []
    columns += [("users", "n"), ("bytes", "n"), ("first and last", "t"), ("sure", "n")]
    form = (
        "%H:%M:%S" if report.first and report.last and report.first.date() == report.last.date() else "%Y-%m-%d %H:%M"
    )
    rows = []
    for number, item in enumerate(report.groups, 1):
        group = item.group
        port = "" if group.destination_port is None else str(group.destination_port)
        texts = [
            group.cause + (f" ({group.variant})" if group.variant else ""),
            f"{group.application or ''} {port}".strip(),
            group.rule or "",
            group.denied_by or "not known",
            *([owners[number]] if owners else []),
        ]
        times = dict.fromkeys(f"{moment:{form}}" for moment in (group.first, group.last) if moment)
        cells = [f'<a href="#f{number}">{number}</a>', f"{group.sessions:,}", *map(escape, texts)]
        cells += [f"{group.users:,}", f"{group.bytes:,}", " – ".join(times), f"{group.highest:.2f}"]
        pairs = zip(cells, columns, strict=True)
        rows.append("<tr>" + "".join(f"<td{_class(kind)}>{cell}</td>" for cell, (_, kind) in pairs) + "</tr>")
    heads = "".join(f"<th{_class(kind)}>{name}</th>" for name, kind in columns)
    table = f"<div class=wide><table class=findings><thead><tr>{heads}</tr></thead>{''.join(rows)}</table></div>"
    return ["<h2>Findings</h2>", table]


def _class(kind: str) -> str:
    return f" class={kind}" if kind else ""


def _owners(report: SiteReport) -> dict[int, str]:
    """The firewall of each finding, with its virtual system where a firewall has several; nothing where all are of one."""
    systems: dict[str | None, set[str | None]] = {}
    for item in report.groups:
        systems.setdefault(item.group.serial, set()).add(item.group.vsys)
    if len(systems) < 2 and all(len(names) < 2 for names in systems.values()):
        return {}
    found = {}
    for number, item in enumerate(report.groups, 1):
        session = item.finding.session
        name = session.device_name or session.serial or "without a name"
        found[number] = f"{name}, {session.vsys}" if len(systems[item.group.serial]) > 1 and session.vsys else name
    return found


def _group(number: int, item: GroupFinding) -> list[str]:
    verdict, group = item.finding.verdict, item.group
    opened = " open" if number == 1 else ""
    # The link's target is inside, so that a browser that follows it opens the finding.
    parts = [f"<details{opened}><summary>{number}. {escape(group_line(group))}</summary><div id=f{number}>"]
    parts += [f"<p>{escape(verdict.headline)}</p>", f"<p class=soft>{escape(group_counts(group))}</p>"]
    if verdict.fix:
        where = f" <span class=soft>{escape(verdict.fix_at)}</span>" if verdict.fix_at else ""
        parts.append(f"<p class=do><b>What to do</b>{where}<br>{escape(verdict.fix)}</p>")
    if item.note:
        parts.append(f"<p class=do><b>Note</b><br>{escape(item.note)}</p>")
    for title, items in (
        (f"Why {verdict.confidence:.2f}", [verdict.confidence_why] if verdict.confidence_why else []),
        ("Evidence for", [evidence_text(e) for e in verdict.supports]),
        ("Evidence against", [evidence_text(e) for e in verdict.contradicts]),
        ("Missing", list(verdict.missing)),
        (
            "What else it could be",
            [f"{a.cause} {a.confidence:.2f}; turned by: {a.flips_if}" for a in item.finding.alternatives],
        ),
    ):
        if items:
            listed = "".join(f"<li>{escape(text)}</li>" for text in items)
            parts += [f"<h4>{title}</h4>", f"<ol>{listed}</ol>" if len(items) > 1 else f"<p>{escape(items[0])}</p>"]
    parts += ["<h4>The rules, for the specimen's final values</h4>", _rules(item)]
    facts = "".join(
        f"<tr><td>{escape(a)}</td><td>{escape(b)}</td></tr>" for a, b in session_facts(item.finding.session)
    )
    parts.append(f"<h4>Specimen</h4><table class=small>{facts}</table>")
    if verdict.commands:
        parts.append("<h4>To look further</h4><pre>" + escape("\n".join(verdict.commands)) + "</pre>")
    return [*parts, "</div></details>"]


def _rules(item: GroupFinding) -> str:
    panes = []
    for rulebase in (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION):
        look = item.finding.lookups[rulebase]
        panes.append(f"<section><h4>{rulebase}</h4><p>{escape(rule_line(look))}</p>{_traces(look)}</section>")
    return f'<div class="rules">{"".join(panes)}</div>'


def _traces(look: LookUp) -> str:
    shown: list[RuleTrace] = [*look.possible_traces[:1], *([look.trace] if look.trace else []), *look.near[:1]]
    parts = []
    for trace in shown:
        rows = "".join(
            f'<tr><td class="{c.result}">{_SIGNS[c.result]}</td><td>{escape(c.field)}</td>'
            f"<td>{escape(c.wanted if c.result is Truth.MATCH else c.detail or c.wanted)}</td></tr>"
            for c in trace.criteria
        )
        name = f"{trace.rule.number} {trace.rule.name} ({rule_action(trace.rule)})"
        parts.append(
            f"<p><b>{escape(name)}</b> <span class={trace.result}>{trace.result}</span></p><table>{rows}</table>"
        )
    return "".join(parts)
