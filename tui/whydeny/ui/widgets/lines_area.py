"""A text to edit line by line, in which nothing can stand that a terminal would obey."""

from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult

from whydeny.model.safe import safe_text

LONGEST_LINE = 20_000


class LinesArea(TextArea):
    """Lines that are typed or pasted: control characters in them show as signs and do nothing."""

    def edit(self, edit: Edit) -> EditResult:
        """Perform an edit with harmless text."""
        edit.text = harmless(edit.text)
        return super().edit(edit)

    def load_text(self, text: str) -> None:
        """Load harmless text."""
        super().load_text(harmless(text))


def harmless(text: str) -> str:
    """The text with every line safe to draw."""
    return "\n".join(
        safe_text(line, LONGEST_LINE) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    )
