"""Masking: the same sessions and verdicts under other names and addresses, for a picture or a shared screen."""

from whydeny.model.progress import Progress
from whydeny.snapshot.manifest import judged_with
from whydeny.snapshot.redact import Redaction
from whydeny.ui.filtering import DENIED, REFUSED_NOW, REFUSED_OVER
from whydeny.ui.screens.offers_part import OffersPart
from whydeny.ui.workbench import Workbench


class MaskPart(OffersPart):
    """Puts a redacted site in the place of the real one, row for row, and back."""

    def __init__(self, workbench: Workbench, title: str) -> None:
        super().__init__(workbench, title)
        self._real = workbench
        self._masked: Workbench | None = None

    @property
    def hides_names(self) -> bool:
        """Whether names and addresses are masked."""
        return self.bench.masked

    def action_mask(self) -> None:
        """Hide addresses, users and names; again: show them."""
        if self.bench.masked:
            self._use(self._real)
        elif self._masked is not None:
            self._use(self._masked)
        else:
            self.say(f"finding other names {self.glyphs.more}")
            self.jobs.start("mask", self._mask, self._use_mask, self.failed)

    def _mask(self, progress: Progress) -> Workbench:
        judge = self._real.judge
        site, _, instead = Redaction().apply(self._real.site, judged_with=judged_with(judge), progress=progress)
        bench = Workbench.prepare(site, judge.firewalls.override, instead.serial, instead.device_group)
        bench.masked = True
        return bench

    def _use_mask(self, bench: Workbench) -> None:
        self._masked = bench
        self._use(bench)

    def _use(self, bench: Workbench) -> None:
        """Show another site with the same rows; a filter that may name real things doesn't stay."""
        self.bench = bench
        self.explained = None
        self.count_refused()
        self.forget_filters()
        self.set_filter(self.filter.text if self.filter.text in (DENIED, REFUSED_NOW, REFUSED_OVER) else "")
        self.show_head()
        self.explain(self.table.row)
        self.look_into_all()
        self.say("masked: names and addresses are made up, verdicts are real" if bench.masked else "real names again")
