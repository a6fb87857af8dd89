"""`whydeny applications`: predefined application content, kept by version."""

import json
import sys
from pathlib import Path

import click

from whydeny.cli.exits import Exit
from whydeny.cli.main import complain, narrate, reported
from whydeny.model.applications import Application, ApplicationTable
from whydeny.model.errors import InputError
from whydeny.model.safe import safe_text
from whydeny.policy.packaged_applications import packaged_applications
from whydeny.sources.application_store import import_content, load, stored_versions

SCHEMA_VERSION = 1  # of docs/applications.schema.json
_LABELS = {
    "tls_ports": "TLS ports", "ip_protocols": "IP protocols", "icmp_types": "ICMP types", "icmp6_types": "ICMPv6 types",
    "contains": "container of",
}  # fmt: skip


@click.group("applications")
def applications_command() -> None:
    """Predefined application content of firewalls (default ports, dependencies), kept by its version.

    A firewall's content is used by itself when its version is the one that `show system info` among the inputs names.
    """


_form = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)


@applications_command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--version", "name", metavar="VERSION", help="The content version, for an answer that doesn't name it.")
@_form
@reported
def import_command(file: Path, name: str | None, form: str) -> None:
    """Keep the content in FILE: an answer of /config/predefined/application, or a content file."""
    version = import_content(file, name)
    _print_content(version, load(version), form)


@applications_command.command("list")
@_form
@reported
def list_command(form: str) -> None:
    """List the content versions that are kept, and the packaged table, which is used for what the others lack."""
    damaged = []
    for version in stored_versions():
        try:
            _print_content(version, load(version), form)
        except InputError as error:
            damaged.append(str(error))
    _print_content(None, packaged_applications(), form)
    for sentence in damaged:
        complain(sentence)
    if damaged:
        sys.exit(Exit.UNUSABLE)


@applications_command.command("show")
@click.argument("application")
@click.option("--version", "name", metavar="VERSION", help="Of this content; of the newest one by default.")
@_form
@reported
def show_command(application: str, name: str | None, form: str) -> None:
    """Show what is known of an application."""
    table, origin = _table(name)
    found = table.get(application)
    children = [a for a in table.applications.values() if (a.container or "").lower() == application.lower()]
    title, values = application, dict[str, object]()
    if found is not None:
        title, values = found.name, _values(found)
    elif children:
        title, values = children[0].container or application, {"contains": sorted(a.name for a in children)}
    else:
        narrate(f"{origin} has no application {application}")
        sys.exit(Exit.NOTHING)
    if form == "json":
        _print_json({"name": title, "from": origin} | values)
        return
    print(f"{safe_text(title)} ({origin})")
    for name, value in values.items():
        if value not in (None, "", []):
            label = _LABELS.get(name, name.replace("_", " "))
            print(
                f"  {label + ':':<18}{safe_text(', '.join(map(str, value)) if isinstance(value, list) else str(value))}"
            )


def _print_content(version: str | None, table: ApplicationTable, form: str) -> None:
    count = len(table.applications)
    if form == "json":
        _print_json(
            {"version": version, "applications": count, "packaged": version is None, "complete": table.complete}
        )
    elif version is None:
        print(f"packaged: {count:,} applications (partial; used for what the others lack)")
    else:
        print(f"{version}: {count:,} applications")


def _print_json(values: dict[str, object]) -> None:
    print(json.dumps({"schema": SCHEMA_VERSION} | values, ensure_ascii=False))


def _table(version: str | None) -> tuple[ApplicationTable, str]:
    if version is None:
        kept = stored_versions()
        if not kept:
            return packaged_applications(), "packaged table"
        version = kept[0]
    return load(version), f"content {version}"


def _values(app: Application) -> dict[str, object]:
    return {
        "ports": list(app.ports),
        "tls_ports": list(app.secure_ports),
        "ip_protocols": list(app.ip_protocols),
        "icmp_types": list(app.icmp_types),
        "icmp6_types": list(app.icmp6_types),
        "depends_on": list(app.uses),
        "implicitly_uses": list(app.implicitly_uses),
        "container": app.container,
        "deny_action": app.deny_action,
        "category": app.category,
        "subcategory": app.subcategory,
        "technology": app.technology,
        "risk": app.risk,
        "attributes": list(app.flags),
        "tags": list(app.tags),
    }
