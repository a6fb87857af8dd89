"""`whydeny connect`: the screen on a live firewall, or one behind a Panorama. It only reads."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whydeny.cli.inputs import release_of
from whydeny.cli.main import complain, narrate, reported
from whydeny.model.errors import UsageError
from whydeny.model.safe import is_safe, safe_text
from whydeny.settings import CONNECTIONS, user_folders

if TYPE_CHECKING:
    from whydeny.sources.firewall.credentials import Credentials
    from whydeny.sources.firewall.profiles import Profile
    from whydeny.ui.link import Link, Target

_FILE = click.Path(path_type=Path)
INSECURE = "TLS NOT VERIFIED (--insecure): anybody between here and the firewall can read and change all of it"


@click.command("connect")
@click.argument("host", required=False)
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The HTTPS port of the management interface.  [default: 443]"
)
@click.option(
    "--panorama", metavar="HOST", help="Go by way of this Panorama; HOST then is one of its firewalls' names."
)
@click.option("--serial", metavar="SERIAL", help="Which of the Panorama's firewalls; chosen from a list without it.")
@click.option("--vsys", metavar="VSYS", help="Only the logs of this virtual system, such as vsys2.")
@click.option("--ca-file", metavar="FILE", type=_FILE, help="Trust certificates signed by this CA (PEM).")
@click.option("--fingerprint", metavar="SHA256", help="Trust the one certificate with this fingerprint.")
@click.option("--insecure", is_flag=True, help="Trust anybody: the screen says so in red all the time.")
@click.option("--key-file", metavar="FILE", type=_FILE, help="The API key is the only line of this file.")
@click.option("--key-variable", metavar="NAME", help="The API key is in this variable (by itself in WHYDENY_API_KEY).")
@click.option("--panrc", metavar="TAG", help="Host and key are in the home folder's .panrc under this tag.")
@click.option("--keyring", is_flag=True, help="The API key is in the desktop's key store: keyring set whydeny HOST.")
@click.option("--user", metavar="NAME", help="Who logs in; the password is asked for in a form.")
@click.option("--profile", metavar="NAME", help="Take all of this from a profile; options go over it.")
@click.option("--save-profile", metavar="NAME", help="Keep host, trust and user under this name; no secret is kept.")
@click.option("--where", metavar="FILTER", help="Begin with this filter, and send it to the traffic log.")
@click.option("--pan-os", metavar="VERSION", help="The PAN-OS release, over what the firewall says.")
@click.option("-o", "--output", metavar="NAME", type=_FILE, help="No screen: save a snapshot, NAME.whydeny.")
@click.option("--force", is_flag=True, help="With --output: replace a file that is there.")
@reported
def connect_command(
    host: str | None, where: str | None, pan_os: str | None, output: Path | None, force: bool, **given: Any
) -> None:
    """Open a live firewall on the screen, or save it: sessions refused in the last hour, and why.

    Nothing is ever changed on it: whydeny sends key requests, show and test commands, log queries and configuration
    reads, and nothing else. Passwords and keys are never taken from the command line, where other users of the machine
    can see them: give a file, a variable or a tag, or type them into the form.
    """
    release = release_of(pan_os)
    if output is None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "a live firewall is looked at on the screen, which needs a terminal; --output saves it instead"
        )
    link = make_link(host, **given)
    if link.target.insecure:  # also with --quiet
        complain(INSECURE)
    if output is not None:
        from whydeny.cli.save_live import save_live

        save_live(link, output, force, where, release)
        return
    from whydeny.ui.live import run_live  # the screen is loaded only when it is opened

    sys.exit(run_live(link, where, release=release))


def make_link(
    host: str | None,
    port: int | None = None,
    panorama: str | None = None,
    serial: str | None = None,
    vsys: str | None = None,
    ca_file: Path | None = None,
    fingerprint: str | None = None,
    insecure: bool = False,
    key_file: Path | None = None,
    key_variable: str | None = None,
    panrc: str | None = None,
    keyring: bool = False,
    user: str | None = None,
    profile: str | None = None,
    save_profile: str | None = None,
) -> "Link":
    """The link that arguments, profile and `.panrc` make together. Nothing is sent yet.

    Raises `UsageError`, `InputError` or `FirewallError` for what can't be used, in one sentence.
    """
    from whydeny.sources.firewall.profiles import Profile
    from whydeny.ui.link import Link, Target

    if insecure and (ca_file or fingerprint):
        raise UsageError("--insecure trusts anybody: give it, or --ca-file or --fingerprint")
    if serial and not panorama and not profile:
        raise UsageError("--serial chooses among the firewalls of a Panorama: give --panorama too")
    known = _profile(profile)
    tag = panrc or (known.panrc if known else None)
    found = _credentials(panorama or host or (known.host if known else ""), key_file, key_variable, tag, keyring)
    base = known or Profile("", found.host or "", found.port or 443, serial=found.serial)
    own_trust = bool(insecure or ca_file or fingerprint)
    target = Target(
        panorama or host or base.host,
        port or base.port,
        ca_file if own_trust or not base.ca_file else Path(base.ca_file).expanduser(),
        fingerprint if own_trust else base.fingerprint,
        insecure,
        panorama=bool(panorama or base.serial),
        serial=serial or base.serial,
        firewall=host if panorama else None,
        vsys=vsys or base.vsys,
        user=user or found.user or base.user,
        profile=profile or save_profile,
    )
    if not target.host:
        raise UsageError(f"give a HOST, --panorama or --profile{_profiles_there_are()}")
    if not is_safe(target.host) or any(letter in target.host for letter in " /@?#"):
        raise UsageError(f"'{safe_text(target.host, 120)}' is no host name or address")
    target.address.context()  # a CA file or fingerprint that can't be used is said before anything is sent
    if save_profile:
        _save(save_profile, target, tag)
    return Link(target, found.key, found.password if target.user == found.user else None)


def _credentials(
    place: str, key_file: Path | None, key_variable: str | None, tag: str | None, keyring: bool
) -> "Credentials":
    from whydeny.sources.firewall.credentials import Credentials, find_credentials, read_key_variable

    if key_variable is None or key_file is not None:
        return find_credentials(place, key_file, tag, keyring)
    key = read_key_variable(key_variable)
    if key is None:
        raise UsageError(f"--key-variable: there is no variable {safe_text(key_variable, 60)}")
    return Credentials(key)


def _profile(name: str | None) -> "Profile | None":
    from whydeny.sources.firewall.profiles import load_profiles

    if name is None:
        return None
    found = load_profiles(_file()).get(name)
    if found is None:
        raise UsageError(f"there is no profile {safe_text(name, 60)}{_profiles_there_are()}")
    return found


def _save(name: str, target: "Target", tag: str | None) -> None:
    from whydeny.sources.firewall.profiles import Profile, load_profiles, save_profiles

    ca_file = str(target.ca_file.absolute()) if target.ca_file else None
    kept = Profile(
        name, target.host, target.port, target.vsys, target.user, ca_file, target.fingerprint, target.serial, tag
    )
    save_profiles(_file(), load_profiles(_file()) | {name: kept})
    narrate(f"kept as profile {name} in {_file()}")


def _profiles_there_are() -> str:
    from whydeny.sources.firewall.profiles import load_profiles

    names = sorted(load_profiles(_file()))
    return f" (profiles: {', '.join(safe_text(name, 60) for name in names)})" if names else ""


def _file() -> Path:
    return user_folders().settings / CONNECTIONS
