"""`whydeny applications`: predefined application content, kept by version."""

import json
import sys
from pathlib import Path

import click

from whydeny.cli.exits import Exit
from whydeny.cli.main import narrate, reported
from whydeny.model.applications import Application, ApplicationTable
from whydeny.model.safe import safe_text
from whydeny.policy.packaged_applications import packaged_applications
from whydeny.sources.application_store import import_content, load, stored_versions


@click.group("applications")
def applications_command() -> None:
    """Predefined application content of firewalls (default ports, dependencies), kept by its version.

    A firewall's content is used by itself when its version is the one that `show system info` among the inputs names.
    """


@applications_command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--version", "name", metavar="VERSION", help="The content version, for an answer that doesn't name it.")
@reported
def import_command(file: Path, name: str | None) -> None:
    """Keep the content in FILE: an answer of /config/predefined/application, or a content file."""
    version = import_content(file, name)
    print(f"{version}: {len(load(version).applications):,} applications")


@applications_command.command("list")
@reported
def list_command() -> None:
    """List the content versions that are kept."""
    for version in stored_versions():
        print(f"{version}: {len(load(version).applications):,} applications")
    packaged = packaged_applications()
    print(f"packaged: {len(packaged.applications):,} applications (partial; used for what the others lack)")


@applications_command.command("show")
@click.argument("application")
@click.option("--version", "name", metavar="VERSION", help="Of this content; of the newest one by default.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@reported
def show_command(application: str, name: str | None, form: str) -> None:
    """Show what is known of an application."""
    table, origin = _table(name)
    found = table.get(application)
    if found is None:
        narrate(f"{origin} has no application {application}")
        sys.exit(Exit.NOTHING)
    values = _values(found)
    if form == "json":
        print(json.dumps({"name": found.name, "from": origin} | values, ensure_ascii=False))
        return
    print(f"{safe_text(found.name)} ({origin})")
    for label, value in values.items():
        if value not in (None, "", [], ()):
            print(f"  {label + ':':<18}{safe_text(', '.join(value) if isinstance(value, list) else str(value))}")


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
        "TLS ports": list(app.secure_ports),
        "IP protocols": [str(number) for number in app.ip_protocols],
        "ICMP types": [str(number) for number in (*app.icmp_types, *app.icmp6_types)],
        "depends on": list(app.uses),
        "implicitly uses": list(app.implicitly_uses),
        "container": app.container,
        "deny action": app.deny_action,
        "category": app.category,
        "subcategory": app.subcategory,
        "technology": app.technology,
        "risk": app.risk,
        "attributes": list(app.flags),
    }
