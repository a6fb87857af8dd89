"""Free text of logs and of this program, without what it names: known names by their aliases, words of the trade
as they are, everything else replaced."""

import re
from collections.abc import Set

from whydeny.model.addresses import parse_address
from whydeny.snapshot.aliases import RESERVED, Aliases

# What log descriptions, configuration paths and this program's own notes are made of. None of it names anybody.
_TEXT = """
a about above account accept accepted access accessed action actions active add added address addresses admin
administrator after alert all allow allowed an and another answer app application applications apps are as at
attempt auth authenticated authentication authorized auto available bad base be because been before behind being
below between block blocked both browser but by ca cancel cannot can't captive category cause cert certificate
change changed changes check cipher client clientauth clone close closed code com command commit commit-all
commitall committed complete completed completion config configuration connect connected connection contained
content correct could count criterion cut data database date decrypt decryption decodeerror default delete deleted
deny denied depends detected device device-group devices did different disabled discard display disk does domain
done down download downloaded drop dropped due dynamic each edit edl effective either element empty enabled end
ended enforcement entries entry error event every expired export external failed fail failure failures falls fatal
fetch file files filter first for force forward found fqdn from full general generic get global got group groups
had handshake has have he held here hip hold host hour hours how id if in index information inner input inputs
install installed installation interface internal into invalid invalidcert ip is issuer it its job jobs just kept
key known last later latest layer license limit list lists local localhost localdomain location lock log logged
login logout log-end log-setting log-start made manager mapping mappings match matched may merged message method
mgmt minutes missing mode more most move moved name named needs network new next no non none nor not nothing null
number object objects obtained of off ok old on once one only operation or order other out over override own
packet page panorama panupv2 panupv2-all-apps panupv2-all-contents parent part password path pending peer
permitted phase policies policy policy-based policy-deny port portal position post post-rulebase pre pre-rulebase
profile profiles protocol proxy pushed quarantine re-registered reached read reason received refresh refreshed
refreshing register registered reject rejected release reload rematch removed rename renewed report request
requested reset resolved response result revert root row rows rule rulebase rules running same saved says schedule
scope second seconds security see sent server service services session sessions set settings shared should signed
since size snapshot so source destination ssl ssl-decrypt standard start started state status stopped store
submitted subject succeeded success successful successfully system tag tags template template-stack templates test
than that the their them then there these they this threat threats time timed timeout timer times tls to token
traffic transaction translated trusted tunnel type unable unchanged under unknown unregister unregistered
unsupported untrusted until up update updated upgrade upgraded url use used user user-id user-mapping username
users using valid value values verification verify version versions via virtual vsys waiting was web went were
what when where whether which while who whose wildfire will with within without would written xml yes you zone
zones tcp udp icmp http https dns received-from certificateunknown badcertificate unknownca handshakefailure
decodeerror protocolversion unsupportedcertificate certificateexpired certificaterevoked internalerror
authentication-policy decryption-policy security-policy device-config jobid enqueued description total contents sync
effective-running running-config candidate bytes packets address-group application-group
application-filter external-list service-group custom-url-category profile-group member entryname
"""
_WORDS = frozenset({*_TEXT.split(), "@name"})
_TOKEN = re.compile(r"""[^\s,;()\[\]{}<>"'“”‘’=/|]+""")
# Numbers that name nobody: counts, releases, content versions, dates, times, spans.
_PLAIN = re.compile(
    r"[.,:+%-]*|[+-]?\d{1,8}([.,]\d{1,6})?%?|\d{1,2}\.\d{1,2}\.\d{1,3}(-[hb]\d+)?|\d{3,5}-\d{3,5}|\d+(ms|s|m|h|d|mb|kb)"
    r"|\d{4}-\d\d-\d\d(t\d\d:\d\d:\d\d(\.\d+)?(z|[+-]\d\d:?\d\d)?)?|\d{1,2}:\d\d(:\d\d(\.\d{1,6})?)?|vsys\d+",
    re.IGNORECASE,
)
# What a name follows in a configuration's paths and lines, and so in most messages about it.
_NAMED = frozenset(
    {
        "rules", "rule", "address", "address-group", "service", "service-group", "application-group",
        "application-filter", "external-list", "tag", "zone", "region", "schedule", "profile-group",
        "custom-url-category", "device-group", "template", "template-stack", "name", "@name",
    }
)  # fmt: skip
_QUOTES = "'\"‘“"
_LONGEST_NAME = 10  # words


class Prose:
    """Redacts free text by the aliases that are known when it is made; `kept` are further harmless words."""

    def __init__(self, aliases: Aliases, kept: Set[str]) -> None:
        self._aliases = aliases
        self._words = _WORDS | kept
        self._known = {text: alias for text, alias in aliases.known().items() if text != alias}
        self._done: dict[tuple[str, bool], str] = {}

    def redact(self, text: str, lines: bool = False) -> str:
        """`text` with every name, address and unknown word replaced; `lines` of a configuration are taken by the word:
        a name is one however ordinary it reads."""
        found = self._done.get((text, lines))
        if found is None:
            found = self._done[text, lines] = self._redact(text, lines)
        return found

    def _redact(self, text: str, lines: bool) -> str:
        tokens = list(_TOKEN.finditer(text))
        out: list[str] = []
        done = at = 0
        while at < len(tokens):
            last, alias = self._phrase(text, tokens, at, lines)
            start, end = tokens[at].start(), tokens[last].end()
            out += (text[done:start], alias)
            done, at = end, last + 1
        return "".join(out) + text[done:]

    def _phrase(self, text: str, tokens: list["re.Match[str]"], at: int, lines: bool) -> tuple[int, str]:
        """The longest known name that begins at a token, else the token by itself: its last token, and what
        stands for it."""
        word, start = tokens[at][0], tokens[at].start()
        named = text[start - 1 : start] in _QUOTES if start else False
        named = named or (at > 0 and tokens[at - 1][0].lower() in _NAMED)
        for last in range(min(at + _LONGEST_NAME, len(tokens)) - 1, at - 1, -1):
            alias = self._known.get(text[start : tokens[last].end()])
            if alias is not None and (last > at or named or not self._is_ordinary(word, lines)):
                return last, alias
        if lines and named and word.lower() not in (*RESERVED, "entry") and not _PLAIN.fullmatch(word):
            return at, self._literal(word) or self._aliases.name(word, "word")
        return at, self._word(word)

    def _is_plain(self, word: str) -> bool:
        return word.strip(".:!?-_*#&").lower() in self._words

    def _is_ordinary(self, word: str, lines: bool) -> bool:
        """Whether a known name is better taken for the word of the trade that it also is (`commit`, not `OUT`); no word
        of a configuration has a capital."""
        return self._is_plain(word) and word in (word.lower(), "" if lines else word.capitalize())

    def _literal(self, token: str) -> str | None:
        """An address or serial number by its alias; None for anything else."""
        if parse_address(token) is not None:
            return self._aliases.network(token) or token
        return self._aliases.serial(token) if token.isdigit() and len(token) >= 9 else None

    def _word(self, token: str) -> str:
        word = token.strip(".:!?")
        if word != token and word:
            return token.replace(word, self._word(word), 1)
        plain = token.lower()
        if plain in RESERVED or self._is_plain(token):
            return token
        literal = self._literal(token)
        if literal is not None:
            return literal
        if _PLAIN.fullmatch(token):
            return token
        if "\\" in token or "@" in token:
            return self._aliases.user(token)
        if "." in token:
            return self._aliases.host(token)
        return self._aliases.name(token, "word")
