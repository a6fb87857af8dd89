"""A snapshot judged by this version: the same verdicts, or what is said of those that differ."""

from collections.abc import Sequence

import polars as pl

from whydeny import __version__
from whydeny.model.progress import Progress
from whydeny.model.release import Release
from whydeny.report.compare import changed_verdict_sentences
from whydeny.snapshot.compare import changed_verdicts
from whydeny.snapshot.manifest import Snapshot
from whydeny.verdict.finding import Finding
from whydeny.verdict.judge import JUDGED, Judge


class SnapshotJudge(Judge):
    """Judges a snapshot, and remembers where its verdicts are not what they were when it was saved.

    Only what is asked for is looked at: one finding, or all of them.
    """

    def __init__(
        self, snapshot: Snapshot, release: Release | None, serial: str | None, device_group: str | None
    ) -> None:
        super().__init__(snapshot.site, release, serial, device_group)
        self.snapshot = snapshot
        self._changed: dict[int, pl.DataFrame] = {}
        self._all: pl.DataFrame | None = None

    def judge_all(self, progress: Progress | None = None, only: Sequence[int] | None = None) -> pl.DataFrame:
        """As `Judge.judge_all`."""
        judged = super().judge_all(progress, only)
        if only is None and self.snapshot.judged is not None:
            self._all = changed_verdicts(self.snapshot.judged, judged)
        return judged

    def finding(self, row: int) -> Finding:
        """As `Judge.finding`."""
        found = super().finding(row)
        saved = self.snapshot.judged
        if saved is not None:
            verdict = found.verdict
            now = {"outcome": found.outcome, "cause": verdict.cause, "variant": verdict.variant,
                   "denied_by": verdict.denied_by}  # fmt: skip
            frame = pl.DataFrame([now], schema={name: JUDGED[name] for name in now})
            self._changed[row] = changed_verdicts(saved[row], frame)
        return found

    def changes(self) -> tuple[str, ...]:
        """What is to be said of the verdicts that differ; empty where none does."""
        found = self._all if self._all is not None else pl.concat(self._changed.values()) if self._changed else None
        if found is None:
            return ()
        return changed_verdict_sentences(found, self.snapshot.manifest.version or "?", __version__)
