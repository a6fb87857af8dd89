"""From single sessions to findings and back, and to what a change of policy would do."""

from dataclasses import dataclass

from whydeny.filters.tree import FilterError
from whydeny.ui.finding_groups import group_filter
from whydeny.ui.screens.mask_part import MaskPart
from whydeny.ui.screens.triage import Ask, Drill, TriageScreen
from whydeny.ui.screens.whatif import Start, WhatIfScreen
from whydeny.ui.workbench import Workbench
from whydeny.verdict.proposal import propose


@dataclass(frozen=True, slots=True)
class Drilled:
    """The sessions of a finding are shown: its key, the filter that selects them, and the filter and the row before."""

    key: tuple[object, ...]
    text: str
    before: str
    row: int | None


class FindingsPart(MaskPart):
    """Triage and what-if."""

    def __init__(self, workbench: Workbench, title: str) -> None:
        super().__init__(workbench, title)
        self._drilled: Drilled | None = None

    def forget_filters(self) -> None:
        """And the findings that Esc would lead back to."""
        super().forget_filters()
        self._drilled = None

    def action_triage(self) -> None:
        """Refused sessions as findings."""
        if not self.bench.judged:
            self.say("the sessions are still being judged; their findings come with that")
            return
        self._open_triage(None)

    def _open_triage(self, key: tuple[object, ...] | None) -> None:
        self.app.push_screen(TriageScreen(self.bench, key, {} if self.bench.masked else self.notes), self._after_triage)

    def _after_triage(self, answer: Drill | Ask | None) -> None:
        if isinstance(answer, Drill):
            self._drill(answer)
        elif isinstance(answer, Ask):
            group = answer.group
            proposal = answer.proposal
            start = Start(proposal.lines, proposal.why, proposal.at, group.serial, group.vsys)

            def back(target: object) -> None:
                if target is None:
                    self._open_triage(group.key)
                else:
                    self.go_to(target)

            self.app.push_screen(WhatIfScreen(self.bench, start), back)

    def _drill(self, answer: Drill) -> None:
        """Only the sessions of a finding; Esc goes back to the findings."""
        try:
            text = group_filter(answer.group)
        except FilterError as error:
            self.say(str(error), "doubt")
            return
        drilled = self._drilled
        before, row = (self.filter.text, self.table.row) if drilled is None else (drilled.before, drilled.row)
        self.set_zoom("")
        self.table.focus()
        self.table.wait_for(answer.group.specimen)
        self.set_filter(text)
        self._drilled = Drilled(answer.group.key, self.filter.text, before, row)
        self.say("the sessions of this finding; Esc goes back to the findings")

    def step_out(self) -> bool:
        """One step back; from the sessions of a finding to the findings, with the filter of before."""
        if super().step_out():
            return True
        drilled, self._drilled = self._drilled, None
        if drilled is None or self.filter.text != drilled.text:
            return False
        if drilled.row is not None:
            self.table.wait_for(drilled.row)
        self.set_filter(drilled.before)
        self._open_triage(drilled.key)
        return True

    def action_whatif(self) -> None:
        """What a change of policy would do to every session."""
        explained = self.explained
        if explained is None or explained.row != self.table.row:
            self.say("there is no verdict yet for a session under the cursor")
            return
        session = explained.finding.session
        proposal = propose(explained.finding, explained.engine)
        start = Start(proposal.lines, proposal.why, proposal.at, session.serial, session.vsys)
        self.app.push_screen(WhatIfScreen(self.bench, start), self.go_to)
