"""Ask the device: the three policy tests for one session, beside what the configuration says."""

from collections.abc import Callable

from whydeny.model.configuration import Rulebase
from whydeny.model.progress import Progress
from whydeny.model.safe import safe_text
from whydeny.model.tables import Session
from whydeny.sources.firewall.failures import FirewallError
from whydeny.sources.firewall.policy_tests import DeviceOpinion
from whydeny.ui.device_lines import RULEBASES, SideBySide, device_lines
from whydeny.ui.lines import Line
from whydeny.ui.link import Link
from whydeny.ui.screens.page import PageScreen
from whydeny.verdict.case import Case
from whydeny.verdict.growing import GrowingJudge

MARGIN = 4  # cells that the page does not have for text


class DeviceScreen(PageScreen):
    """The firewall's own answers for the session of a row. `answered` is called when they are among the site's."""

    def __init__(self, link: Link, judge: GrowingJudge, row: int, answered: Callable[[], None]) -> None:
        super().__init__("Ask the device")
        self._link = link
        self._judge = judge
        self._row = row
        self._answered = answered

    def lines(self, progress: Progress) -> list[Line]:
        """Ask, and compare."""
        source, before = self._link.source, self._judge.finding(self._row)
        session = before.session
        opinion = source.ask_policy(session, progress)
        answer = self._details(session, progress)
        judge = self._judge.grown(source.site)
        after = judge.finding(session.row)
        self.app.call_later(self._answered)
        case = self._judge.case(session.row)
        sides = [self._side(rulebase, opinion, case) for rulebase in RULEBASES]
        return device_lines(sides, before, after, answer, self.app.size.width - MARGIN, self.glyphs)

    def _details(self, session: Session, progress: Progress) -> tuple[tuple[str, str], ...]:
        """What `show session id` says, nothing where the session is over or the role may not ask."""
        source = self._link.source
        if not session.live or session.row in source.gone:
            return ()
        try:
            found = source.details(session, progress)
        except FirewallError:
            return ()
        return found.lines if found is not None else ()

    @staticmethod
    def _side(rulebase: Rulebase, opinion: DeviceOpinion, case: Case) -> SideBySide:
        engine = case.engine
        look = None if engine is None else case.look_up(rulebase)
        test = next((test for test in opinion.tests if test.rulebase is rulebase), None)
        if test is None:
            failures = [str(failure) for failure in opinion.failures]
            fitting = [text for text in failures if str(rulebase) in text] or failures or ["nothing came"]
            return SideBySide(rulebase, look, why_not=safe_text(fitting[0], 300))
        said = engine.rule_named(rulebase, test.rules[0]) if engine is not None and test.rules else None
        return SideBySide(rulebase, look, test, said=said)
