"""Judge sessions of a site: outcome of every row, finding of one, verdict columns of all."""

import polars as pl

from whydeny.model.progress import Progress
from whydeny.model.release import Release
from whydeny.model.site import Site
from whydeny.policy.engine import Engine
from whydeny.verdict.finding import Finding


class Judge:
    """Everything needed to judge the sessions of one site, prepared once.

    `release` overrides what the inputs say; `serial` and `device_group` choose whose policy a Panorama
    configuration makes.
    """

    def __init__(
        self,
        site: Site,
        release: Release | None = None,
        serial: str | None = None,
        device_group: str | None = None,
    ) -> None:
        raise NotImplementedError

    def outcomes(self) -> pl.Series:
        """The outcome of every session (pl.Enum of the Outcome values), in table order."""
        raise NotImplementedError

    def finding(self, row: int) -> Finding:
        """The whole finding for one session."""
        raise NotImplementedError

    def judge_all(self, progress: Progress | None = None) -> pl.DataFrame:
        """One row a session: outcome, cause, variant, confidence, denied_by, headline,
        security_rule, decryption_rule, authentication_rule (evaluated), in table order."""
        raise NotImplementedError

    def engine_for(self, serial: str | None, vsys: str | None) -> Engine | None:
        """The compiled policy of that firewall and virtual system; None without a configuration."""
        raise NotImplementedError
