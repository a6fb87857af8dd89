"""The predefined regions: ISO 3166 country codes, and the country that a log row names.

PAN-OS uses the two-letter codes as predefined regions, and writes a code, a name, or the range of a private
address (`10.0.0.0-10.255.255.255`) into the country columns of its logs.
"""

from whydeny.model.addresses import parse_address, parse_network
from whydeny.policy.spans import Spans, merge

_TABLE = """
AD Andorra;AE United Arab Emirates;AF Afghanistan;AG Antigua And Barbuda;AI Anguilla;AL Albania;AM Armenia;AO Angola;
AQ Antarctica;AR Argentina;AS American Samoa;AT Austria;AU Australia;AW Aruba;AX Aland Islands;AZ Azerbaijan;
BA Bosnia And Herzegovina;BB Barbados;BD Bangladesh;BE Belgium;BF Burkina Faso;BG Bulgaria;BH Bahrain;BI Burundi;
BJ Benin;BL Saint Barthelemy;BM Bermuda;BN Brunei Darussalam;BO Bolivia;BQ Bonaire;BR Brazil;BS Bahamas;BT Bhutan;
BV Bouvet Island;BW Botswana;BY Belarus;BZ Belize;CA Canada;CC Cocos (Keeling) Islands;CD Congo Democratic Republic;
CF Central African Republic;CG Congo;CH Switzerland;CI Cote D'Ivoire;CK Cook Islands;CL Chile;CM Cameroon;CN China;
CO Colombia;CR Costa Rica;CU Cuba;CV Cape Verde;CW Curacao;CX Christmas Island;CY Cyprus;CZ Czech Republic;
DE Germany;DJ Djibouti;DK Denmark;DM Dominica;DO Dominican Republic;DZ Algeria;EC Ecuador;EE Estonia;EG Egypt;
EH Western Sahara;ER Eritrea;ES Spain;ET Ethiopia;FI Finland;FJ Fiji;FK Falkland Islands;FM Micronesia;
FO Faroe Islands;FR France;GA Gabon;GB United Kingdom;GD Grenada;GE Georgia;GF French Guiana;GG Guernsey;GH Ghana;
GI Gibraltar;GL Greenland;GM Gambia;GN Guinea;GP Guadeloupe;GQ Equatorial Guinea;GR Greece;GS South Georgia;
GT Guatemala;GU Guam;GW Guinea-Bissau;GY Guyana;HK Hong Kong;HM Heard Island;HN Honduras;HR Croatia;HT Haiti;
HU Hungary;ID Indonesia;IE Ireland;IL Israel;IM Isle Of Man;IN India;IO British Indian Ocean Territory;IQ Iraq;
IR Iran;IS Iceland;IT Italy;JE Jersey;JM Jamaica;JO Jordan;JP Japan;KE Kenya;KG Kyrgyzstan;KH Cambodia;KI Kiribati;
KM Comoros;KN Saint Kitts And Nevis;KP North Korea;KR South Korea;KW Kuwait;KY Cayman Islands;KZ Kazakhstan;LA Laos;
LB Lebanon;LC Saint Lucia;LI Liechtenstein;LK Sri Lanka;LR Liberia;LS Lesotho;LT Lithuania;LU Luxembourg;LV Latvia;
LY Libya;MA Morocco;MC Monaco;MD Moldova;ME Montenegro;MF Saint Martin;MG Madagascar;MH Marshall Islands;
MK Macedonia;ML Mali;MM Myanmar;MN Mongolia;MO Macao;MP Northern Mariana Islands;MQ Martinique;MR Mauritania;
MS Montserrat;MT Malta;MU Mauritius;MV Maldives;MW Malawi;MX Mexico;MY Malaysia;MZ Mozambique;NA Namibia;
NC New Caledonia;NE Niger;NF Norfolk Island;NG Nigeria;NI Nicaragua;NL Netherlands;NO Norway;NP Nepal;NR Nauru;
NU Niue;NZ New Zealand;OM Oman;PA Panama;PE Peru;PF French Polynesia;PG Papua New Guinea;PH Philippines;PK Pakistan;
PL Poland;PM Saint Pierre And Miquelon;PN Pitcairn;PR Puerto Rico;PS Palestine;PT Portugal;PW Palau;PY Paraguay;
QA Qatar;RE Reunion;RO Romania;RS Serbia;RU Russian Federation;RW Rwanda;SA Saudi Arabia;SB Solomon Islands;
SC Seychelles;SD Sudan;SE Sweden;SG Singapore;SH Saint Helena;SI Slovenia;SJ Svalbard And Jan Mayen;SK Slovakia;
SL Sierra Leone;SM San Marino;SN Senegal;SO Somalia;SR Suriname;SS South Sudan;ST Sao Tome And Principe;
SV El Salvador;SX Sint Maarten;SY Syria;SZ Swaziland;TC Turks And Caicos Islands;TD Chad;
TF French Southern Territories;TG Togo;TH Thailand;TJ Tajikistan;TK Tokelau;TL Timor-Leste;TM Turkmenistan;
TN Tunisia;TO Tonga;TR Turkey;TT Trinidad And Tobago;TV Tuvalu;TW Taiwan;TZ Tanzania;UA Ukraine;UG Uganda;
UM United States Minor Outlying Islands;US United States;UY Uruguay;UZ Uzbekistan;VA Vatican;
VC Saint Vincent And The Grenadines;VE Venezuela;VG British Virgin Islands;VI US Virgin Islands;VN Vietnam;
VU Vanuatu;WF Wallis And Futuna;WS Samoa;YE Yemen;YT Mayotte;ZA South Africa;ZM Zambia;ZW Zimbabwe;
A1 Anonymous Proxy;A2 Satellite Provider;AP Asia Pacific Region;EU European Union
"""

_OTHER_NAMES = {
    "united states of america": "US", "usa": "US", "uk": "GB", "great britain": "GB", "russia": "RU", "czechia": "CZ",
    "korea republic of": "KR", "korea, republic of": "KR", "viet nam": "VN", "iran islamic republic of": "IR",
    "north macedonia": "MK", "eswatini": "SZ", "brunei": "BN", "moldova republic of": "MD", "türkiye": "TR",
    "european union": "EU", "taiwan province of china": "TW", "macau": "MO", "holy see": "VA",
}  # fmt: skip

NAMES: dict[str, str] = {}
for _entry in _TABLE.replace("\n", "").split(";"):
    NAMES[_entry[:2]] = _entry[3:]
_CODES = {name.lower(): code for code, name in NAMES.items()} | _OTHER_NAMES

# Addresses that no country holds: private, loopback, link-local, carrier-grade NAT, documentation, multicast.
NOWHERE: Spans = merge(
    found
    for found in map(
        parse_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.168.0.0/16", "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10", "ff00::/8",
        ),
    )
    if found is not None
)  # fmt: skip


def is_country(name: str) -> bool:
    """Whether a rule's member is a predefined region."""
    return name in NAMES


def country_of(address: int | None, written: str | None) -> str | None:
    """The code of the country an address is in, as the row writes it; "" for in none, None for not known."""
    text = (written or "").strip()
    if address is not None and address in NOWHERE:
        return ""
    code = text if text in NAMES else _CODES.get(text.lower())
    if code is not None:
        return code
    if text.lower().startswith(("reserved", "private")) or parse_address(text.partition("-")[0]) is not None:
        return ""
    return None
