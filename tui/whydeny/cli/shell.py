"""`whydeny completion` and `whydeny manual`: what a shell and a reader of man pages want."""

import click
from click.shell_completion import ShellComplete, get_completion_class

from whydeny.cli.main import reported, whydeny
from whydeny.cli.manpage import NAME, commands_markdown, man_page

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@reported
def completion_command(shell: str) -> None:
    """Print what completes commands, options and files in a shell.

    \b
      bash: whydeny completion bash > ~/.local/share/bash-completion/completions/whydeny
      zsh:  whydeny completion zsh > DIRECTORY-OF-$fpath/_whydeny
      fish: whydeny completion fish > ~/.config/fish/completions/whydeny.fish
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"this version of click completes nothing in {shell}")
    # The classes of single shells run the shell to ask for its version; the script may be for another machine.
    print(ShellComplete.source(made(whydeny, {}, NAME, f"_{NAME.upper()}_COMPLETE")))


@click.command("manual")
@click.option("--format", "form", type=click.Choice(["markdown", "man"]), default="markdown", show_default=True)
@reported
def manual_command(form: str) -> None:
    """Print the help of every command as one page.

    \b
      whydeny manual --format man > ~/.local/share/man/man1/whydeny.1
    """
    print(commands_markdown(whydeny) if form == "markdown" else man_page(whydeny), end="")
