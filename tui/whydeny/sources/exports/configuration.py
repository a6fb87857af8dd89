"""Read a PAN-OS or Panorama configuration: a running, effective, merged or pushed one, as exported or as answered.

What an answer holds follows measurements published for PAN-OS 11.1 and 11.2: running has the firewall's own
committed configuration only; merged has the candidate and template values, marked `ptpl`, and no pushed policy;
pushed-shared-policy roots in `policy/panorama` or `shared`; effective-running has everything, with the pushed
rules, marked `loc`, folded into one rulebase.
"""

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

from whydeny.model.configuration import Configuration, ConfigurationKind, VirtualSystem
from whydeny.model.errors import InputError
from whydeny.model.safe import safe_text
from whydeny.sources.exports.configuration_firewall import read_firewall, read_pre_post, read_pushed
from whydeny.sources.exports.configuration_objects import read_scope
from whydeny.sources.exports.configuration_panorama import is_panorama, read_panorama
from whydeny.sources.exports.xml_tools import parse_xml, text_of

NOTHING_PUSHED = "No shared policy pushed to device"
_HEAD = 4096
_VSYS = re.compile(r"(?<![a-z0-9])vsys\d+(?!\d)", re.IGNORECASE)
# What the file of a candidate is called: as exported, and in a tech-support file.
_CANDIDATES = ("candidate", "techsupport-saved-currcfg")
_READS_CANDIDATE = "An answer of action=get reads the candidate: it may hold uncommitted changes."
_CALLED_CANDIDATE = (
    "It is taken for one that follows the candidate because the file is called so: it may hold uncommitted changes."
)
_GET_CODE = "19"  # the code of an answer to action=get, which reads the candidate
# What `action=show` and `action=get` answer for a path below the root, and the elements that stand above it there.
_ABOVE = {
    "devices": (),
    "vsys": ("devices", "entry"),
    "device-group": ("devices", "entry"),
    "template": ("devices", "entry"),
    "rulebase": ("devices", "entry", "vsys", "vsys1"),
    "security": ("devices", "entry", "vsys", "vsys1", "rulebase"),
    "decryption": ("devices", "entry", "vsys", "vsys1", "rulebase"),
    "authentication": ("devices", "entry", "vsys", "vsys1", "rulebase"),
    "captive-portal": ("devices", "entry", "vsys", "vsys1", "rulebase"),
    "application-override": ("devices", "entry", "vsys", "vsys1", "rulebase"),
}
# What stands in the entry of a device, of a virtual system, and of what Panorama pushed to one or of a device group.
_IN_DEVICE = frozenset({"vsys", "device-group", "deviceconfig"})
_IN_SYSTEM = frozenset({"rulebase", "zone", "import"})
_IN_PUSHED = frozenset({"pre-rulebase", "post-rulebase"})


def read_configuration(data: bytes, name: str, file: int) -> Configuration:
    """Read a configuration; `name` is what the user calls the file, `file` its index among the sources.

    The kind is told from the content; where the content fits two kinds equally, a file name (or the command that was
    asked, behind it) that says `effective`, `merged-running`, `merged` or `candidate` decides, and a `vsysN` in the
    name of a pushed-shared-policy answer says whose answer it is. Raises `InputError` with one sentence for anything
    that is not a configuration.
    """
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        if NOTHING_PUSHED.encode() in data[:_HEAD]:
            return _nothing_pushed(name, file)
        raise InputError(f"{name}: expected a configuration in XML, found text that does not start with an element")
    root = parse_xml(data, name)
    if root.tag == "response":
        return _read_answer(root, name, file)
    if root.tag == "result":
        return _read_result(root, name, file, from_get=root.get("total-count") is not None)
    if root.tag == "config":
        return read_config(root, name, file)
    return _read_parts([root], name, file, from_get=False)


def read_config(config: Element, name: str, file: int, from_get: bool = False, whole: bool = True) -> Configuration:
    """The configuration below a `<config>` element, whoever wrote it; of a firewall's, whether it is `whole`."""
    called = re.split(r"[:/\\]", name)[-1].lower()
    if is_panorama(config):
        return _of_panorama(read_panorama(config, file), called, from_get)
    pushed, template = _marks(config)
    kind, note = _kind_of(called, pushed, template, from_get)
    found = read_firewall(config, kind, file, whole)
    own = config.find("panorama")
    if own is not None and len(own):
        read_pushed(found, own)
    found.panorama_managed |= pushed or template or own is not None
    found.templated = template
    found.notes += (note,) if note else ()
    if kind is ConfigurationKind.EFFECTIVE and pushed:
        found.notes += _place_notes(found.vsys.values())
    if not found.vsys:
        raise InputError(f"{name}: the configuration has no virtual system (expected config/devices/entry/vsys)")
    return found


def _of_panorama(found: Configuration, name: str, from_get: bool) -> Configuration:
    """Panorama's configuration, marked where it follows the candidate."""
    if from_get:
        found.notes += (_READS_CANDIDATE,)
    elif any(word in name for word in _CANDIDATES):
        found.notes += (_CALLED_CANDIDATE,)
    found.candidate = from_get or any(word in name for word in _CANDIDATES)
    return found


def _kind_of(name: str, pushed: bool, template: bool, from_get: bool) -> tuple[ConfigurationKind, str]:
    if from_get:
        return ConfigurationKind.MERGED, _READS_CANDIDATE
    if pushed:
        return ConfigurationKind.EFFECTIVE, ""
    if "effective" in name:
        return ConfigurationKind.EFFECTIVE, "It is taken as effective-running because the file is called so."
    if template and "merged-running" in name:
        return ConfigurationKind.RUNNING, "It holds template values beside the firewall's own."
    if template:
        return ConfigurationKind.MERGED, (
            "It holds template values and no pushed policy, as show config merged answers: it follows the candidate "
            "and may hold uncommitted changes."
        )
    if any(word in name for word in _CANDIDATES) or ("merged" in name and "merged-running" not in name):
        return ConfigurationKind.MERGED, _CALLED_CANDIDATE
    return ConfigurationKind.RUNNING, ""


def _marks(config: Element) -> tuple[bool, bool]:
    """Whether any element says that it was pushed with policy (`loc`), and with a template (`ptpl`).

    Below `/config/panorama` pushed policy stands apart and is not folded in, marked or not.
    """
    pushed = template = False
    for part in config:
        for element in part.iter() if part.tag != "panorama" else ():
            attributes = element.attrib
            if attributes:
                pushed = pushed or ("loc" in attributes and element.tag == "entry")
                template = template or "ptpl" in attributes or attributes.get("src") == "tpl"
    return pushed, template


def _place_notes(systems: Iterable[VirtualSystem]) -> tuple[str, ...]:
    """Say where nothing tells the pushed pre-rules from the post-rules."""
    return tuple(
        f"{system.name} has pushed {rulebase} rules and none of its own: they are shown as pre-rules, and some may be "
        "post-rules."
        for system in systems
        for rulebase, rules in system.local.rules.items()
        if rules and all(rule.origin.panorama for rule in rules)
    )


def _read_answer(response: Element, name: str, file: int) -> Configuration:
    if response.get("status") == "error":
        said = " ".join(text for line in response.iter() if (text := text_of(line)))
        raise InputError(f"{name}: the firewall refused to answer ({safe_text(said, 300) or 'it does not say why'})")
    result = response.find("result")
    if result is None:
        raise InputError(f"{name}: expected an answer with a result, found an empty response")
    return _read_result(result, name, file, response.get("code") == _GET_CODE or result.get("total-count") is not None)


def _read_result(result: Element, name: str, file: int, from_get: bool) -> Configuration:
    if NOTHING_PUSHED in (result.text or ""):
        return _nothing_pushed(name, file)
    return _read_parts(list(result), name, file, from_get)


def _read_parts(parts: list[Element], name: str, file: int, from_get: bool) -> Configuration:
    """Read what stands directly below `<result>`."""
    by_tag = {part.tag: part for part in parts}
    if "config" in by_tag:
        return read_config(by_tag["config"], name, file, from_get)
    if "policy" in by_tag or "panorama" in by_tag or ("shared" in by_tag and not from_get):
        return _read_pushed_policy(by_tag, name, file)
    if "template" in by_tag and not from_get:
        template = by_tag["template"]
        inner = template.find("config")
        return _read_template(template if inner is None else inner, file)
    part = parts[0] if parts else None
    if part is not None and part.tag in ("entry", "vsys") and _is_pushed(part):
        return _read_pushed_policy({"panorama": _wrapped(part, "panorama", "vsys")}, name, file)
    if part is not None and part.tag in ("entry", *_ABOVE):
        return _read_partial(part, name, file, from_get)
    found = f"<{safe_text(part.tag, 80)}>" if part is not None else "an empty result"
    raise InputError(f"{name}: expected a configuration, found {found}")


def _read_template(config: Element, file: int) -> Configuration:
    found = read_firewall(config, ConfigurationKind.PUSHED_TEMPLATE, file, whole=False)
    found.panorama_managed = True
    return found


def _read_pushed_policy(by_tag: dict[str, Element], name: str, file: int) -> Configuration:
    policy = by_tag.get("policy")
    panorama = by_tag.get("panorama") if policy is None else policy.find("panorama")
    shared = by_tag.get("shared") if policy is None or policy.find("shared") is None else policy.find("shared")
    found = Configuration(ConfigurationKind.PUSHED_POLICY, file, panorama_managed=True)
    if panorama is not None and panorama.find("vsys") is not None:  # `/config/panorama`, as action=get answers it
        read_pushed(found, panorama)
    elif panorama is not None:
        key = _vsys_in(name)
        pre, post = read_pre_post(panorama, "")
        found.vsys[key] = VirtualSystem(key, pushed_pre=pre, pushed_post=post, pushed=read_scope(panorama, "Panorama"))
    if shared is not None:
        found.shared = read_scope(shared, "shared")
        found.shared_pre, found.shared_post = read_pre_post(shared, "shared")
    if panorama is None and shared is None:
        raise InputError(f"{name}: expected policy/panorama or shared in a pushed policy, found neither")
    return found


def _is_pushed(part: Element) -> bool:
    """Whether a `vsys`, or an entry of it, is of what Panorama pushed (`/config/panorama/vsys`)."""
    systems = [part] if part.tag == "entry" else list(part)
    inside = {child.tag for system in systems for child in system}
    named = all(_VSYS.fullmatch(system.get("name", "")) for system in systems)
    return named and bool(inside & _IN_PUSHED) and not inside & _IN_SYSTEM


def _wrapped(part: Element, *above: str) -> Element:
    """A part in the elements that stand above it, so far as it does not begin with them."""
    for tag in reversed(above):
        if part.tag != tag:
            outer = Element(tag)
            outer.append(part)
            part = outer
    return part


def _nothing_pushed(name: str, file: int) -> Configuration:
    key = _vsys_in(name)
    return Configuration(
        ConfigurationKind.PUSHED_POLICY,
        file,
        panorama_managed=True,
        vsys={key: VirtualSystem(key)},
        notes=("Panorama pushed no policy to this virtual system: it belongs to no device group.",),
    )


def _vsys_in(name: str) -> str:
    found = _VSYS.search(name)
    return found[0].lower() if found else ""


def _read_partial(part: Element, name: str, file: int, from_get: bool) -> Configuration:
    """Part of a configuration, as an answer for a path below the root holds it."""
    if part.tag == "entry":
        inside = {child.tag for child in part}
        outer = (
            "vsys"
            if inside & _IN_SYSTEM
            else "devices"
            if inside & _IN_DEVICE
            else "device-group"
            if inside & _IN_PUSHED
            else ""
        )
        if not outer:
            raise InputError(f"{name}: expected a configuration, found one entry without rulebase or zones")
        part = _wrapped(part, outer)
    config = Element("config")
    above = config
    for tag in _ABOVE[part.tag]:
        if tag == "vsys1":
            above = SubElement(above, "entry", name=tag)
        elif tag == "entry":
            above = SubElement(above, "entry", name="localhost.localdomain")
        else:
            above = SubElement(above, tag)
    above.append(part)
    if is_panorama(config):
        found = _of_panorama(read_panorama(config, file), "", from_get)
    else:
        kind = ConfigurationKind.MERGED if from_get else ConfigurationKind.RUNNING
        found = read_firewall(config, kind, file, whole=False)
    found.notes += (f"It is only the part below {part.tag} of a configuration: what it names elsewhere is not known.",)
    return found
