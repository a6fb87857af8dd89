"""Decryption-log rows read for what they say of a failure, and which decryption rules are for SSH."""

from pathlib import Path
from typing import Any

import pytest

from site_builder import build, release_of
from whydeny.model.configuration import DecryptionProfile, Origin, Place, Rule, Rulebase
from whydeny.verdict.judge import Judge
from whydeny.verdict.tls import failed, profile_blocks, proxy_stage, reason_text, rule_for, variant_of_row

NO_DECRYPT = Rule("n", Rulebase.DECRYPTION, 1, Origin(Place.LOCAL), action="no-decrypt")


@pytest.mark.parametrize(
    ("row", "failure"),
    [
        ({"error_index": "None"}, False),
        ({"error_index": "none", "error": ""}, False),
        ({}, False),
        ({"error_index": "Certificate"}, True),
        ({"error_index": "None", "error": "Received fatal alert UnknownCA from client"}, True),
    ],
    ids=["None", "none and no words", "nothing", "an index", "words"],
)
def test_a_row_is_about_a_failure(row: dict[str, Any], failure: bool) -> None:
    assert failed(row) is failure


@pytest.mark.parametrize(
    ("row", "variant"),
    [
        ({"error": "Received fatal alert CertificateUnknown from client. CA Issuer URL: "}, "client-alert"),
        ({"error": "Received fatal alert UnknownCA from client"}, "client-alert"),
        ({"error": "General TLS protocol error. Received fatal alert DecodeError from server"}, "server-alert"),
        ({"error_index": "Certificate", "error": "Untrusted issuer CA"}, "profile-block"),
        ({"error_index": "Certificate", "error": "Expired server certificate"}, "profile-block"),
        ({"error_index": "Certificate", "error": "OCSP/CRL check: certificate revoked"}, "profile-block"),
        ({"error_index": "Cipher", "error": "Client and decrypt profile mismatch"}, "profile-block"),
        ({"error_index": "Version", "error": ""}, "profile-block"),
        ({"error_index": "Certificate", "error": "Expired server certificate", "proxy_type": "No Decrypt"}, "no-decrypt-profile"),
        ({"error_index": "Protocol", "error": "General TLS protocol error"}, None),
        ({"error_index": "Resource", "error": ""}, None),
        ({"error_index": "HSM", "error": "HSM connection lost"}, None),
    ],
)  # fmt: skip
def test_a_row_proves_a_variant(row: dict[str, Any], variant: str | None) -> None:
    assert variant_of_row(row, None) == variant


def test_a_rule_that_does_not_decrypt_makes_it_the_profile_of_no_decryption() -> None:
    assert (
        variant_of_row({"error_index": "Certificate", "error": "Untrusted issuer CA"}, NO_DECRYPT)
        == "no-decrypt-profile"
    )


def test_an_error_without_words_says_so() -> None:
    assert reason_text({}) == "an error without words"
    assert reason_text({"error_index": "Cipher", "error": "mismatch"}) == "Cipher: mismatch"


def test_what_a_profile_blocks_in_words() -> None:
    profile = DecryptionProfile("p", {"ssl-no-proxy": ("block-expired-certificate", "strip-alpn")})
    assert profile_blocks(profile, "ssl-no-proxy") == ("expired certificate",)
    assert profile_blocks(profile, "ssh-proxy") == ()


TLS, SSH = "tls action=decrypt kind=ssl-forward-proxy", "ssh action=decrypt kind=ssh-proxy"


@pytest.mark.parametrize(
    ("application", "rules", "chosen"),
    [
        ("ssl", [TLS, SSH], "tls"),
        ("ssl", [SSH, TLS], "tls"),
        ("ssh", [TLS, SSH], "ssh"),
        ("ssh-tunnel", [TLS, SSH], "ssh"),
        ("ssh", [TLS], None),
        ("ssl", ["plain action=no-decrypt", TLS], "plain"),
        ("ssl", [], None),
    ],
)
def test_the_decryption_rule_is_one_for_the_protocol(
    application: str, rules: list[str], chosen: str | None, tmp_path: Path
) -> None:
    case = {"release": "10.2.0", "session": {"app": application}, "rules": ["Out service=any"], "decryption": rules}
    rule = rule_for(Judge(build(case, tmp_path), release_of(case)).case(0))
    assert (rule.name if rule else None) == chosen


@pytest.mark.parametrize(
    ("stage", "proxy"),
    [("proxy decrypt failure", True), ("proxy timer expired", False), ("appid policy lookup deny", False), ("", False)],
)
def test_a_tracker_stage_names_a_failure_of_the_proxy(stage: str, proxy: bool, tmp_path: Path) -> None:
    case = {"session": {"tracker": stage}, "live": "id", "configuration": False}
    assert proxy_stage(Judge(build(case, tmp_path)).case(0)) is proxy
