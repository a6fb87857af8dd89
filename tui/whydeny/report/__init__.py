"""The one rendering of a finding: for the pane, the clipboard, text, Markdown and JSON."""
