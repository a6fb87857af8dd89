"""A certificate that is not trusted: give the CA that signed it, pin it, or leave."""

from dataclasses import dataclass
from pathlib import Path

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.sources.firewall.guard import fetch_fingerprint
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.ui.link import Target
from whydeny.ui.screens.base import BaseScreen
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.filter_bar import FilterInput
from whydeny.ui.widgets.lines_pane import LinesPane


@dataclass(frozen=True, slots=True)
class Trust:
    """What to trust from now on: a CA file, or the certificate of a fingerprint; `keep` it in the profile."""

    ca_file: Path | None = None
    fingerprint: str | None = None
    keep: bool = False


class CertificateScreen(BaseScreen):
    """Answers with what to trust, None to leave. A certificate that is not the pinned one can't be pinned here: only
    its administrator can say that it was changed."""

    CSS_PATH = "login.tcss"

    def __init__(self, target: Target, sentence: str) -> None:
        super().__init__()
        self._target = target
        self._sentence = sentence
        self._fingerprint = ""

    def compose(self) -> ComposeResult:
        """The sentence, the choices, a field for the file."""
        with Vertical(id="login"):
            yield Bar(glyphs=self.glyphs, id="certificate-title")
            yield LinesPane(glyphs=self.glyphs, choose=True, id="certificate-choices")
            yield FilterInput(
                placeholder="the CA's certificate, a file in PEM form", compact=True, id="certificate-file"
            )

    def on_mount(self) -> None:
        """Ask which certificate the firewall shows; nothing else is sent."""
        self.query_one("#certificate-title", Bar).show(
            [Span(" Certificate", "title")], [Span("Enter picks, Esc leaves ", "quiet")]
        )
        self.query_one(FilterInput).display = False
        self._fill()
        self.query_one(LinesPane).focus()
        host, port = self._target.host, self._target.port

        def fetch(_progress: Progress) -> str:
            try:
                return fetch_fingerprint(host, port)
            except OSError:
                return ""

        self.jobs.start("fingerprint", fetch, self._found, self._failed)

    def on_unmount(self) -> None:
        """Nobody waits for it."""
        self.jobs.cancel("fingerprint")

    def _found(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        self._fill()

    def _failed(self, _error: WhydenyError) -> None:
        self._fill()

    def _fill(self) -> None:
        lines: list[Line] = [line(Span(self._sentence, "doubt")), BLANK]
        if self._fingerprint:
            lines += [
                line("It shows the certificate with this SHA-256 fingerprint:"),
                *(line(Span(f"  {part}", "strong")) for part in _halves(self._fingerprint)),
                line(
                    Span("Compare it with the one of the firewall's management certificate before you pin it.", "quiet")
                ),
                BLANK,
            ]
        lines.append(line(Span("CA file  ", "key"), "give the certificate of the CA that signed it", target="ca"))
        if self._fingerprint and not self._target.fingerprint:
            lines.append(line(Span("pin      ", "key"), "trust this certificate, this time", target="pin"))
            if self._target.profile:
                words = f"trust it, and keep its fingerprint in the profile {self._target.profile}"
                lines.append(line(Span("keep     ", "key"), words, target="keep", hang=9))
        lines.append(line(Span("leave    ", "key"), "connect to nothing", target="leave"))
        self.query_one(LinesPane).show(lines, keep_place=True)

    @on(LinesPane.Chosen)
    def _chosen(self, event: LinesPane.Chosen) -> None:
        event.stop()
        self._pick(event.target)

    def _pick(self, target: object) -> None:
        if target == "ca":
            field = self.query_one(FilterInput)
            field.display = True
            field.focus()
        elif target in ("pin", "keep"):
            self.dismiss(Trust(fingerprint=self._fingerprint, keep=target == "keep"))
        elif target == "leave":
            self.dismiss(None)

    @on(Input.Submitted)
    def _file_given(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.dismiss(Trust(ca_file=Path(event.value.strip()).expanduser()))

    def on_key(self, event: events.Key) -> None:
        """Esc leaves, Enter picks."""
        pane = self.query_one(LinesPane)
        if event.key == "escape":
            event.stop()
            self.dismiss(None)
        elif event.key == "enter" and self.focused is pane:
            event.stop()
            self._pick(pane.target)


def _halves(fingerprint: str) -> tuple[str, str]:
    """64 hexadecimal digits with colons, on two lines that fit a narrow terminal."""
    return fingerprint[:48], fingerprint[48:]
