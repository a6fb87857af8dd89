"""The way to a firewall: who asks, how far the opening is, and what to do when it fails."""

from typing import TYPE_CHECKING, cast

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from whydeny.model.errors import WhydenyError
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.secret import Secret
from whydeny.ui.jobs import Job
from whydeny.ui.lines import Span, line
from whydeny.ui.link import LOG_IN, ChooseFirewall, Link
from whydeny.ui.screens.base import BaseScreen
from whydeny.ui.screens.certificate import CertificateScreen, Trust
from whydeny.ui.screens.firewalls import FirewallsScreen
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.filter_bar import FilterInput
from whydeny.ui.widgets.lines_pane import LinesPane

if TYPE_CHECKING:
    from whydeny.ui.live import LiveApp

BAR = 30


class PasswordInput(Input):
    """A field whose text is neither shown nor copied."""

    def action_copy(self) -> None:
        """A password is not put on a clipboard."""

    def action_cut(self) -> None:
        """Nor is it when it is cut."""
        self.delete_selection()


class LoginScreen(BaseScreen):
    """Asks for user and password where there is no key, and opens the firewall.

    With `again` it fetches a fresh key for the connection that there is, and answers whether it got one.
    """

    CSS_PATH = "login.tcss"
    AUTO_FOCUS = ""  # the first field that is empty, and none while it connects

    def __init__(self, link: Link, again: bool = False) -> None:
        super().__init__()
        self._link = link
        self._again = again
        self._sentence = ""

    @property
    def live_app(self) -> "LiveApp":
        """The application, by its own type."""
        return cast("LiveApp", self.app)

    def compose(self) -> ComposeResult:
        """Where to, whom to trust, who asks, what goes on, what went wrong, what keys do."""
        with Vertical(id="login"):
            for name in ("title", "trust"):
                yield Bar(glyphs=self.glyphs, id=f"login-{name}")
            with Vertical(id="login-form"):
                yield FilterInput(placeholder="user", compact=True, id="login-user")
                yield PasswordInput(placeholder="password", password=True, compact=True, id="login-password")
            for name in ("what", "bar"):
                yield Bar(glyphs=self.glyphs, id=f"login-{name}")
            yield LinesPane(glyphs=self.glyphs, id="login-sentence")
            yield Bar(glyphs=self.glyphs, id="login-keys")

    def on_mount(self) -> None:
        """Open at once where there is a key."""
        for field in self.query(Input):
            field.cursor_blink = False
        self.query_one("#login-user", Input).value = self._link.target.user or ""
        self._show_target()
        if self._link.ready and not self._again:
            self._try()
        else:
            self._ask("")

    def _bar(self, name: str) -> Bar:
        return self.query_one(f"#login-{name}", Bar)

    def _show_target(self) -> None:
        target = self._link.target
        self._bar("title").show([Span("whydeny ", "title"), Span(target.name)])
        if target.insecure:
            trust = [Span(self._link.alarm, "bad"), Span(": anybody in between can read and change all of it", "bad")]
        elif target.fingerprint:
            trust = [Span(f"TLS: the certificate with SHA-256 {target.fingerprint[:23]}{self.glyphs.more}", "quiet")]
        elif target.ca_file:
            trust = [Span(f"TLS: verified by {target.ca_file}", "quiet")]
        else:
            trust = [Span("TLS: verified by the system's authorities", "quiet")]
        self._bar("trust").show(trust)

    def _show_sentence(self, sentence: str, keys: str) -> None:
        self._sentence = sentence
        self.query_one(LinesPane).show([line(Span(sentence, "doubt"))] if sentence else [])
        spans: list[Span] = []
        for word in keys.split(", "):
            key, _, does = word.partition(" ")
            spans += [Span(key, "key"), Span(f" {does}  ", "quiet")]
        self._bar("keys").show(spans)
        for name in ("what", "bar"):
            self._bar(name).show([])

    def _ask(self, sentence: str) -> None:
        """Show the form."""
        form = self.query_one("#login-form")
        form.display = True
        user, password = self.query_one("#login-user", Input), self.query_one("#login-password", Input)
        password.value = ""
        (password if user.value else user).focus()
        self._show_sentence(sentence, "Enter logs in, Tab next field, Esc leaves")

    def _try(self) -> None:
        """Connect and open, as far as it goes."""
        self.query_one("#login-form").display = False
        self.set_focus(None)
        self._show_target()
        self._show_sentence("", "Esc stops")
        self._bar("what").show([Span(f"connecting to {self._link.target.name} {self.glyphs.more}", "quiet")])
        if self._again:
            self.jobs.start("login", self._link.log_in_again, self._logged_in, self.not_opened)
        else:
            self.live_app.open_firewall()

    def _logged_in(self, _: None) -> None:
        self.dismiss(True)

    def show_progress(self, job: Job) -> None:
        """How far the opening is."""
        share = job.done / job.total if job.total else 0.0
        amount = f"  {job.done:,} of {job.total:,}" if job.total > 1 else ""
        self._bar("what").show([Span(job.what)])
        self._bar("bar").show([Span(self.glyphs.bar(share, BAR), "link"), Span(amount, "quiet")])

    def not_opened(self, error: WhydenyError) -> None:
        """Say why, and offer the way on that there is."""
        failure = error.failure if isinstance(error, FirewallError) else None
        if isinstance(error, ChooseFirewall):
            self._show_sentence(str(error), "Enter tries again, Esc leaves")
            self.app.push_screen(FirewallsScreen(error.managed), self._chosen)
        elif failure is Failure.CERTIFICATE:
            self._show_sentence(str(error), "Enter tries again, Esc leaves")
            self.app.push_screen(CertificateScreen(self._link.target, str(error)), self._trusted)
        elif failure is Failure.NOT_CONNECTED and self._link.choose_another():
            self._show_sentence(str(error), "Enter chooses another firewall, Esc leaves")
        elif failure in LOG_IN:
            self._link.forget_login()
            self._ask(str(error))
        elif not self._link.ready or self._again:
            self._ask(str(error))
        else:
            self._show_sentence(str(error), "Enter tries again, Esc leaves")

    def _chosen(self, serial: str | None) -> None:
        if serial is not None:
            self._link.choose(serial)
            self._try()

    def _trusted(self, trust: Trust | None) -> None:
        if trust is None:
            self._leave()
            return
        self._link.trust(trust.ca_file, trust.fingerprint)
        if trust.keep:
            self.live_app.keep_fingerprint(trust.fingerprint or "")
        self._try()

    @on(Input.Submitted, "#login-user")
    def _user_given(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#login-password").focus()

    @on(Input.Submitted, "#login-password")
    def _password_given(self, event: Input.Submitted) -> None:
        event.stop()
        user = self.query_one("#login-user", Input).value.strip()
        field = self.query_one("#login-password", Input)
        if not user or not field.value:
            self._show_sentence("give a user and a password", "Enter logs in, Tab next field, Esc leaves")
            (field if user else self.query_one("#login-user")).focus()
            return
        self._link.log_in_as(user, Secret(field.value))
        field.value = ""
        self._try()

    def on_key(self, event: events.Key) -> None:
        """Esc stops or leaves; Enter tries again where nothing else is asked."""
        if event.key == "escape":
            event.stop()
            stopped = self.jobs.cancel("login" if self._again else "open")
            if stopped and not self._again:
                self._show_sentence("stopped", "Enter tries again, Esc leaves")
            else:
                self._leave()
        elif event.key == "enter" and not self.query_one("#login-form").display and not self.jobs.busy:
            event.stop()
            self._try()

    def _leave(self) -> None:
        if self._again:
            self.dismiss(False)
        else:
            self.live_app.leave_with(self._sentence)
