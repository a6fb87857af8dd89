"""The 32 flag bits of a traffic-log row.

Source: PAN-OS administrator's guide, "Traffic Log Fields" (7.1 to 10.0), field Flags, and the
XML element names of a `type=log` answer.
"""

from enum import IntFlag


class Flag(IntFlag):
    """Bits of the column Flags; the member's name in lower case with hyphens is what is shown."""

    PACKET_CAPTURE = 0x80000000
    MULTIPATH = 0x40000000
    WILDFIRE = 0x20000000
    CREDENTIAL_DETECTED = 0x10000000
    RECON_EXCLUDED = 0x08000000
    IPV6 = 0x02000000
    DECRYPTED = 0x01000000
    URL_DENIED = 0x00800000
    NAT = 0x00400000
    CAPTIVE_PORTAL = 0x00200000
    NON_STANDARD_PORT = 0x00100000
    XFF = 0x00080000
    PROXY_TRANSACTION = 0x00040000
    PBF_C2S = 0x00020000
    PBF_S2C = 0x00010000
    CONTAINER_PAGE = 0x00008000
    TEMPORARY_MATCH = 0x00002000
    SYMMETRIC_RETURN = 0x00000800
    DECRYPT_MIRROR = 0x00000400
    TUNNEL_INSPECTED = 0x00000100

    def words(self) -> tuple[str, ...]:
        """The names of the set bits, highest first, as they are shown (`decrypted`, `non-standard-port`)."""
        return tuple((bit.name or "").lower().replace("_", "-") for bit in reversed(Flag) if bit in self)


# XML element of a log answer (values yes/no) to its bit; `exported` is what 2015 called non-std-dport.
XML_ELEMENTS = {
    "flag-pcap": Flag.PACKET_CAPTURE,
    "flag-mptcp-set": Flag.MULTIPATH,
    "flag-wf-channel": Flag.WILDFIRE,
    "credential-detected": Flag.CREDENTIAL_DETECTED,
    "flag-recon-excluded": Flag.RECON_EXCLUDED,
    "flag-proxy": Flag.DECRYPTED,
    "flag-url-denied": Flag.URL_DENIED,
    "flag-nat": Flag.NAT,
    "captive-portal": Flag.CAPTIVE_PORTAL,
    "non-std-dport": Flag.NON_STANDARD_PORT,
    "transaction": Flag.PROXY_TRANSACTION,
    "pbf-c2s": Flag.PBF_C2S,
    "pbf-s2c": Flag.PBF_S2C,
    "temporary-match": Flag.TEMPORARY_MATCH,
    "sym-return": Flag.SYMMETRIC_RETURN,
    "decrypt-mirror": Flag.DECRYPT_MIRROR,
    "flag-tunnel-inspected": Flag.TUNNEL_INSPECTED,
}
