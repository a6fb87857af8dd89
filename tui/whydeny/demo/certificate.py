"""A certificate for 127.0.0.1 that lives as long as one demonstration.

The standard library can use certificates but not make one, and a private key in a package would be everybody's.
So this makes an ECDSA key on P-256 and signs a certificate for it with that key: the curve's arithmetic (SEC 1 2.3.3
and 4.1.3, parameters from FIPS 186-4 D.1.2.3) and the few ASN.1 forms that it takes (RFC 5280, RFC 5480, RFC 5915).
It is meant for a stand-in on one's own machine and for nothing else: it takes no care against timing.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_EC_KEY = "06072a8648ce3d0201"  # id-ecPublicKey
_P256 = "06082a8648ce3d030107"  # prime256v1
_ECDSA_SHA256 = "300a06082a8648ce3d040302"
_NAME = "0603550403"  # id-at-commonName
_ALTERNATIVE = "0603551d11"  # id-ce-subjectAltName
_BASIC = "0603551d13"  # id-ce-basicConstraints

Point = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class SelfSigned:
    """A certificate in DER form, and both it and its key in one PEM text."""

    der: bytes
    pem: str

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint, as `AB:CD:…`."""
        return hashlib.sha256(self.der).digest().hex(":").upper()


def make_certificate(common_name: str = "whydeny demonstration", address: str = "127.0.0.1") -> SelfSigned:
    """A key and a certificate for an IPv4 address and `localhost`, valid from an hour ago for thirty days."""
    private = secrets.randbelow(_N - 1) + 1
    public = _point_bytes(_times(private, _G))
    begin = datetime.now(UTC) - timedelta(hours=1)
    name = _sequence(_tag(0x31, _sequence(bytes.fromhex(_NAME), _tag(0x0C, common_name.encode()))))
    names = _sequence(_tag(0x82, b"localhost"), _tag(0x87, bytes(int(part) for part in address.split("."))))
    extensions = _sequence(
        _sequence(bytes.fromhex(_ALTERNATIVE), _tag(0x04, names)),
        _sequence(bytes.fromhex(_BASIC), _tag(0x01, b"\xff"), _tag(0x04, _sequence(_tag(0x01, b"\xff")))),
    )
    key = _sequence(_sequence(bytes.fromhex(_EC_KEY), bytes.fromhex(_P256)), _tag(0x03, b"\0" + public))
    body = _sequence(
        _tag(0xA0, _integer(2)),
        _integer(secrets.randbits(120)),
        bytes.fromhex(_ECDSA_SHA256),
        name,
        _sequence(_time(begin), _time(begin + timedelta(days=30))),
        name,
        key,
        _tag(0xA3, extensions),
    )
    r, s = _sign(private, body)
    signature = _tag(0x03, b"\0" + _sequence(_integer(r), _integer(s)))
    der = _sequence(body, bytes.fromhex(_ECDSA_SHA256), signature)
    private_key = _sequence(
        _integer(1),
        _tag(0x04, private.to_bytes(32, "big")),
        _tag(0xA0, bytes.fromhex(_P256)),
        _tag(0xA1, _tag(0x03, b"\0" + public)),
    )
    return SelfSigned(der, _pem("EC PRIVATE KEY", private_key) + _pem("CERTIFICATE", der))


def _sign(private: int, message: bytes) -> tuple[int, int]:
    """The ECDSA signature of the message's SHA-256 (SEC 1 4.1.3)."""
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        nonce = secrets.randbelow(_N - 1) + 1
        point = _times(nonce, _G)
        r = (point[0] if point else 0) % _N
        s = pow(nonce, -1, _N) * (digest + r * private) % _N
        if r and s:
            return r, s


def _add(a: Point, b: Point) -> Point:
    """The sum of two points of the curve; None is the point at infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % _P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, _P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, _P)
    x = (slope * slope - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P


def _times(factor: int, point: Point) -> Point:
    found: Point = None
    while factor:
        if factor & 1:
            found = _add(found, point)
        point = _add(point, point)
        factor >>= 1
    return found


def _point_bytes(point: Point) -> bytes:
    if point is None:
        raise ValueError("the point at infinity is no key")
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def _tag(tag: int, content: bytes) -> bytes:
    """One ASN.1 element in DER: tag, length, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _tag(0x30, b"".join(parts))


def _integer(number: int) -> bytes:
    return _tag(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _time(moment: datetime) -> bytes:
    return _tag(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def _pem(what: str, der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines: Iterable[str] = (text[i : i + 64] for i in range(0, len(text), 64))
    return "\n".join([f"-----BEGIN {what}-----", *lines, f"-----END {what}-----", ""])
