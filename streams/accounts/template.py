"""An account file to fill in, made from what a provider says of itself."""

from textwrap import wrap
from typing import Any, Final

from processors.contract import Provider, Setting
from processors.keys import KeyForm
from streams.provider_pages.console import console_hint

CHOICES_SHOWN_MAX: Final = 8


def account_template(provider: Provider[Any], name: str) -> str:
    """Return a commented account file. What must be filled in is empty, so that the check asks."""
    lines = [
        f"# {provider.title}: {provider.protocol}.",
        f"# URL: https://HOST/v1/callbacks/{provider.name}/{name}",
        *wrap(console_hint(provider.name), width=99, initial_indent="# ", subsequent_indent="# "),
        f"# More: tillstream providers show {provider.name}",
        "# Fill in what is empty, then run: tillstream check",
        f'provider = "{provider.name}"',
        'mode = ""  # live | test',
        f'# ledger = "{name}"  # what events call this account; accounts that can report the same',
        "#   money name one ledger. It is never changed and never given to another account.",
        *_reply_when(provider),
        "",
        "[settings]",
    ]
    for setting in provider.settings:
        lines += _setting(setting)
    used: set[str] = set()
    for form in provider.keys:
        lines += ["", *_key(form, active=form.required and form.use not in used)]
        used.add(form.use)
    lines += [
        "",
        "# To rotate a key: add the new one under its own kid, and give the old one",
        "#   not_after = 2026-01-31T00:00:00Z",
        "# A key is retired, never dropped: callbacks that it signed are still on their way.",
    ]
    return "\n".join(lines) + "\n"


def _reply_when(provider: Provider[Any]) -> list[str]:
    if provider.reply_when == "verified":
        return []
    return ['# reply_when = "verified"  # verify before the reply; default: stored']


def _setting(setting: Setting) -> list[str]:
    needed = "required" if setting.required else "optional"
    shown = setting.choices[:CHOICES_SHOWN_MAX]
    more = " | ..." if len(setting.choices) > len(shown) else ""
    hint = " | ".join(shown) + more if shown else f"for example {setting.example}"
    mark = "" if setting.required else "# "
    return [f"# {needed}: {setting.meaning}", f'{mark}{setting.name} = ""  # {hint}']


def _key(form: KeyForm, *, active: bool) -> list[str]:
    mark = "" if active else "# "
    member = "text" if form.kind == "secret" else "file"
    return [
        f"# {form.note}",
        f"# chosen by: {form.chosen_by}",
        f"{mark}[[keys]]",
        f'{mark}kid = ""  # "1", "2", ... where the provider names none',
        f'{mark}use = "{form.use}"',
        f'{mark}kind = "{form.kind}"',
        f'{mark}{member} = ""  # or one of file, text, pem, env = "VARIABLE"',
    ]
