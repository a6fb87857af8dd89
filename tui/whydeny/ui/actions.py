"""The one table of actions: bindings, footer, help, command palette and the README's key list come from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Action:
    """Something a key does.

    `id` is `scope.name` and the name in a keymap; the scope says which part of the screen it belongs to. `keys` are
    Textual's key names with commas between them; `word` is what the footer and the palette say, `help` the sentence
    of the help screen; `footer` orders the footer (0: not there).
    """

    id: str
    keys: str
    word: str
    help: str
    group: str
    footer: int = 0

    @property
    def scope(self) -> str:
        """Which part of the screen it belongs to."""
        return self.id.partition(".")[0]

    @property
    def method(self) -> str:
        """Textual's action name."""
        return self.id.partition(".")[2]


ACTIONS = (
    # The session table.
    Action("table.line_up", "up,k", "up", "one row up", "Move"),
    Action("table.line_down", "down,j", "down", "one row down", "Move"),
    Action("table.page_up", "pageup,ctrl+b", "page up", "one page up", "Move"),
    Action("table.page_down", "pagedown,ctrl+f", "page down", "one page down", "Move"),
    Action("table.half_up", "ctrl+u", "half up", "half a page up", "Move"),
    Action("table.half_down", "ctrl+d", "half down", "half a page down", "Move"),
    Action("table.first", "home,g", "first", "to the first row", "Move"),
    Action("table.last", "end,G", "last", "to the last row", "Move"),
    Action("table.column_left", "left,h", "column left", "to the column on the left", "Move"),
    Action("table.column_right", "right,l", "column right", "to the column on the right", "Move"),
    # Panes of lines.
    Action("pane.line_up", "up,k", "up", "one line up", "Move"),
    Action("pane.line_down", "down,j", "down", "one line down", "Move"),
    Action("pane.page_up", "pageup,ctrl+b", "page up", "one page up", "Move"),
    Action("pane.page_down", "pagedown,ctrl+f,space", "page down", "one page down", "Move"),
    Action("pane.first", "home,g", "first", "to the first line", "Move"),
    Action("pane.last", "end,G", "last", "to the last line", "Move"),
    Action("rule.previous_rule", "left,h,K", "rule above", "in a rule pane: the rule above in the rulebase", "Move"),
    Action("rule.next_rule", "right,l,J", "rule below", "in a rule pane: the rule below in the rulebase", "Move"),
    Action("rule.landed_rule", "0", "matched rule", "in a rule pane: back to the rule that matched", "Move"),
    Action("timeline.earlier", "left,h", "earlier", "on the timeline: one cell earlier", "Move"),
    Action("timeline.later", "right,l", "later", "on the timeline: one cell later", "Move"),
    Action("timeline.begin", "space", "begin", "on the timeline: begin a span here; Enter filters by it", "Move"),
    # Panes and steps.
    Action("explorer.next_pane", "tab", "pane", "to the next pane", "Panes", 4),
    Action("explorer.previous_pane", "shift+tab", "previous pane", "to the pane before", "Panes"),
    Action("explorer.step_in", "enter", "details", "one step in: the details, then a pane alone, then where its line leads",
           "Panes", 3),
    Action("explorer.step_out", "escape", "back", "one step back; never loses the filter or the row", "Panes"),
    Action("explorer.zoom", "z", "zoom", "the pane with the focus alone, and back", "Panes"),
    Action("explorer.larger", "right_square_bracket", "larger", "make the pane with the focus larger", "Panes"),
    Action("explorer.smaller", "left_square_bracket", "smaller", "make the pane with the focus smaller", "Panes"),
    Action("explorer.pane('table')", "1", "table", "to the session table", "Panes"),
    Action("explorer.pane('why')", "2", "why", "to the verdict", "Panes"),
    Action("explorer.pane('security')", "3", "security", "to the security rule", "Panes"),
    Action("explorer.pane('decryption')", "4", "decryption", "to the decryption rule", "Panes"),
    Action("explorer.pane('authentication')", "5", "authentication", "to the authentication rule", "Panes"),
    # Fields to type in.
    Action("field.submit", "enter", "use it", "in a field: done; a filter with a mistake in it stays open", "Filter"),
    Action("field.earlier", "up", "earlier", "in a field: what was typed before; in a list, one line up", "Filter"),
    Action("field.later", "down", "later", "in a field: what was typed after that; in a list, one line down", "Filter"),
    Action("field.clear", "ctrl+u", "empty", "in a field: empty it", "Filter"),
    Action("bar.complete", "tab", "complete", "in the filter: take what fits at the cursor", "Filter"),
    Action("bar.next_option", "ctrl+n", "next", "in the filter: the next word that fits", "Filter"),
    Action("bar.previous_option", "ctrl+p", "previous", "in the filter: the word before that fits", "Filter"),
    Action("bar.leave", "escape", "leave", "in the filter: back to the table; the filter stays", "Filter"),
    # Sessions.
    Action("explorer.filter", "slash", "filter", "type words, or a log filter as in the web interface", "Filter", 2),
    Action("explorer.filter_off", "f", "filter off/on", "lay the filter aside, and take it up again", "Filter"),
    Action("explorer.terms", "x", "terms", "turn terms of the filter on and off", "Filter"),
    Action("explorer.filters", "b", "kept filters", "keep this filter under a name, take up a kept one", "Filter"),
    Action("explorer.timeline", "i", "time span", "to the timeline: choose a span of time to filter by", "Filter"),
    Action("explorer.denied", "d", "denied", "only sessions that were allowed, then denied", "Filter"),
    Action("explorer.all", "a", "all", "all sessions: empty the filter", "Filter"),
    Action("explorer.only_value", "equals_sign", "only this", "only rows with the value under the cursor", "Filter"),
    Action("explorer.without_value", "exclamation_mark", "without this", "no rows with the value under the cursor",
           "Filter"),
    Action("explorer.sort", "s", "sort", "sort by the column of the cursor; again: the other way round", "Table", 7),
    Action("explorer.sort_also", "A", "sort also", "sort by this column too, inside the order there is", "Table"),
    Action("explorer.columns", "c", "columns", "choose columns", "Table", 8),
    Action("explorer.narrower", "less_than_sign", "narrower", "make this column narrower", "Table"),
    Action("explorer.wider", "greater_than_sign", "wider", "make this column wider", "Table"),
    Action("explorer.fit_column", "underscore", "fit", "make this column as wide as what it shows", "Table"),
    Action("explorer.column_before", "left_curly_bracket", "column before", "move this column to the left", "Table"),
    Action("explorer.column_after", "right_curly_bracket", "column after", "move this column to the right", "Table"),
    Action("explorer.hide_column", "minus", "hide column", "hide this column", "Table"),
    Action("explorer.mark", "m,space", "mark", "mark the row, or take its mark away", "Table", 9),
    Action("explorer.next_mark", "n", "next mark", "to the next marked row", "Table"),
    Action("explorer.previous_mark", "N", "previous mark", "to the marked row before", "Table"),
    Action("explorer.only_marked", "M", "only marked", "only marked rows, and back", "Table"),
    # Finding out.
    Action("explorer.related", "r", "related", "related sessions and the log rows that belong to this one",
           "Find out", 10),
    Action("explorer.triage", "t", "triage", "refused sessions as findings, and what would serve each", "Find out", 10),
    Action("explorer.whatif", "w", "what if", "what a change of the rules would do to every session", "Find out", 10),
    Action("explorer.back_to", "backspace", "back to", "back to the session that was left for a related one",
           "Find out"),
    Action("explorer.members", "u", "members", "what the criteria of the rule list, down to the address; in a rule pane that"
           " rule's, else the security rule's", "Find out"),
    Action("explorer.logs", "O", "other logs", "the rows of another log, those of this session first", "Find out"),
    Action("explorer.overview", "o", "overview", "what was opened, and what it holds, counted", "Find out", 11),
    Action("explorer.row", "v", "row", "every value of this row, and where it stands in its file", "Find out"),
    Action("explorer.manual", "e", "explain cause", "the page about this cause", "Find out"),
    Action("page.step_back", "escape", "back", "on a page: one step back", "Panes"),
    Action("page.follow", "enter", "follow", "on a page: where the line leads, or what it opens", "Panes"),
    Action("log.step_back", "escape", "back", "in another log: back to the sessions", "Panes"),
    Action("log.row", "enter", "row", "in another log: every value of the row", "Find out"),
    Action("page.find", "slash", "find", "on a page: only lines with these words; among members an address too", "Find out"),
    Action("page.copy_page", "y", "copy", "on a page: copy it as it is shown", "Copy"),
    # Triage, and what a change would do.
    Action("triage.drill", "enter", "sessions", "in triage: the sessions of the finding; Esc comes back", "Findings"),
    Action("triage.ask", "w", "what if", "in triage: what the proposal for the finding would do", "Findings"),
    Action("triage.copy_group", "y", "copy", "in triage: copy the finding", "Findings"),
    Action("triage.sort_groups", "s", "sort", "in triage: sort by the column of the cursor", "Findings"),
    Action("whatif.replay", "ctrl+r,f5", "replay", "what if: replay every session against the changed rules", "Findings"),
    Action("whatif.copy_lines", "y,ctrl+g", "copy lines", "what if: copy the lines for pasting", "Findings"),
    Action("whatif.copy_result", "Y", "copy all", "what if: copy what came of it, as `whydeny whatif` prints it",
           "Findings"),
    # What outlives the screen.
    Action("explorer.note", "E", "note", "write a note on this session; snapshots and reports have it", "Keep"),
    Action("explorer.save", "S", "save", "save a snapshot of what is open, as it is or safe to share", "Keep"),
    Action("explorer.snapshots", "B", "snapshots", "the snapshots there are: open, rename, delete", "Keep"),
    Action("triage.note_group", "E", "note", "in triage: write a note on the finding", "Keep"),
    Action("snapshots.rename", "r", "rename", "in the list of snapshots: give it another name", "Keep"),
    Action("snapshots.delete", "d,delete", "delete", "in the list of snapshots: delete it, after asking", "Keep"),
    # Copying.
    Action("explorer.copy", "y", "copy", "copy the finding, as `whydeny explain` prints it", "Copy", 1),
    Action("explorer.copy_menu", "Y", "copy …", "choose what to copy: short ticket, Markdown, JSON, commands, log filter …",
           "Copy"),
    Action("explorer.mask", "X", "mask", "hide addresses, users and names, on the screen and in what is copied; again:"
           " show them", "Copy"),
    # A live firewall.
    Action("live.device", "D", "ask device", "ask the firewall's own policy tests about this session", "Live firewall"),
    Action("live.pause", "p", "pause", "stop watching the firewall, and go on", "Live firewall"),
    Action("live.now", "R,f5", "refresh", "see what changed now; after a refused key: log in again", "Live firewall"),
    Action("live.pace", "P", "pace", "choose how often to look", "Live firewall"),
    Action("live.search", "F", "search log", "send the filter to the firewall's traffic log; again: older rows",
           "Live firewall"),
    Action("live.sessions", "L", "session table", "count the session table, then fetch all or part of it",
           "Live firewall"),
    Action("live.configuration", "C", "configuration", "read the configuration and run-time facts anew",
           "Live firewall"),
    Action("live.requests", "H", "requests", "what was sent to the firewall so far", "Live firewall"),
    # The program.
    Action("app.palette", "colon,ctrl+p", "commands", "find any command by typing", "Program", 6),
    Action("app.help", "question_mark,f1", "help", "every key; on a verdict, the page about its cause", "Program", 5),
    Action("app.theme", "T", "theme", "choose the colours", "Program"),
    Action("app.redraw", "ctrl+l", "redraw", "draw the screen again", "Program"),
    Action("app.suspend_process", "ctrl+z", "suspend", "to the shell; `fg` comes back", "Program"),
    Action("app.leave", "q,f10", "leave", "leave from the top; deeper, one step back", "Program", 12),
    Action("app.quit_at_once", "ctrl+q", "leave at once", "leave from wherever you are", "Program"),
    Action("app.how_to_leave", "ctrl+c", "how to leave", "says how to copy and how to leave, since others do it so", "Program"),
)  # fmt: skip

# What the footer begins with while keys go elsewhere than into the table, by where they go.
FOOTERS: Mapping[str, tuple[str, ...]] = {
    "why": ("explorer.step_out", "explorer.step_in", "explorer.copy", "explorer.manual", "explorer.next_pane"),
    "rule": ("explorer.step_out", "explorer.step_in", "explorer.members", "rule.previous_rule", "rule.next_rule",
             "rule.landed_rule", "explorer.next_pane", "explorer.copy"),
    "alone": ("explorer.step_out",),
    "field": ("field.submit", "bar.leave", "bar.complete", "field.earlier", "field.clear"),
}  # fmt: skip

GROUPS = ("Find out", "Copy", "Filter", "Table", "Panes", "Move", "Findings", "Keep", "Live firewall", "Program")
BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}

_KEY_WORDS = {
    "slash": "/", "equals_sign": "=", "exclamation_mark": "!", "less_than_sign": "<", "greater_than_sign": ">",
    "left_square_bracket": "[", "right_square_bracket": "]",
    "left_curly_bracket": "{", "right_curly_bracket": "}", "minus": "-", "underscore": "_", "question_mark": "?", "colon": ":",
    "escape": "Esc", "enter": "Enter", "tab": "Tab", "shift+tab": "Shift-Tab", "pageup": "PgUp", "pagedown": "PgDn",
    "up": "Up", "down": "Down", "left": "Left", "right": "Right", "home": "Home", "end": "End", "space": "Space",
    "backspace": "Backspace", "delete": "Del",
}  # fmt: skip


def key_word(key: str) -> str:
    """How a key is written for a reader: `Ctrl-L`, `/`, `PgUp`."""
    if key in _KEY_WORDS:
        return _KEY_WORDS[key]
    if key.startswith("ctrl+"):
        return f"Ctrl-{key[5:].upper()}"
    return key.upper() if len(key) > 1 else key


def bindings(scope: str) -> list[BindingType]:
    """The bindings of one part of the screen; a keymap names them by the action's id."""
    return [
        Binding(action.keys, action.method, action.word, id=action.id, show=bool(action.footer))
        for action in ACTIONS
        if action.scope == scope
    ]


def keys_of(action: Action, keymap: Mapping[str, str]) -> list[str]:
    """The keys of an action as a reader knows them: those of the user's keymap where it has some, else its own that the
    keymap doesn't give to another action of the same place."""
    if action.id in keymap:
        return [key_word(key.strip()) for key in keymap[action.id].split(",")]
    given = {key.strip() for id_, keys in keymap.items() if _scope(id_) == action.scope for key in keys.split(",")}
    return [key_word(key) for key in action.keys.split(",") if key not in given] or ["none"]


def _scope(identifier: str) -> str:
    return identifier.partition(".")[0]
