"""What a merchant must know of a provider, as plain members."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from processors.account import Account
from processors.contract import TOLERANCE, Provider, Receipt, Setting
from processors.keys import KeyForm
from schemas.callback import Callback
from streams.provider_pages.console import console_hint
from streams.provider_pages.reading import (
    announced_types,
    asks,
    judges_time,
    opens,
    proofs,
    protocol_facts,
)

COUNTS: Final = "cases.json"
ORIGINS: Final = {
    "published": "published",
    "sdk": "SDK",
    "derived": "derived",
    "made-here": "ours",
}
# Facts of a docstring that have a line of their own; every other one says where the limits are.
_OWN_LINE: Final = ("Signed", "Sealed", "Encrypted", "Window", "Retries", "Reply", "Source")
_LIMITS: Final = ("Not here", "Unsigned", "Thin", "Meaning", "Confirmed", "Token", "Batch")


def described(
    provider: Provider[Any], counts: Mapping[str, Mapping[str, int]] | None = None
) -> dict[str, Any]:
    """Return everything that is told of a provider; `counts` of cases where they are newer."""
    facts = protocol_facts(provider)
    return {
        "name": provider.name,
        "title": provider.title,
        "protocol": provider.protocol,
        "callback_url": f"https://HOST/v1/callbacks/{provider.name}/ACCOUNT",
        "console": console_hint(provider.name),
        "methods": list(provider.methods),
        "proof": {
            "kinds": list(proofs(provider)),
            "strength": _strength(provider),
            "signed": facts.get("Signed"),
        },
        "encrypted": _encrypted(provider, facts),
        "window": _window(provider, facts),
        "dated": judges_time(provider),
        "events": list(announced_types(provider)),
        "asks": asks(provider),
        "retries": facts.get("Retries"),
        "retry_after_s": list(provider.retry_after_s),
        "reply": _replies(provider, facts),
        "reply_when": provider.reply_when,
        "reply_always_verified": provider.reply_when == "verified",
        "challenges": provider.handshake is not None,
        "settings": [_setting(each) for each in provider.settings],
        "keys": [_key(each) for each in provider.keys],
        "cases": (case_counts() if counts is None else counts).get(provider.name),
        "limits": {name: facts[name] for name in _LIMITS if name in facts},
        "more": {name: facts[name] for name in facts if name not in (*_OWN_LINE, *_LIMITS)},
        "source": facts.get("Source"),
    }


@cache
def case_counts() -> Mapping[str, Mapping[str, int]]:
    """Return how many cases each provider has of each origin, as they were counted when generated.

    The cases themselves are no part of what is installed.
    """
    text = files(__package__).joinpath(COUNTS).read_text("utf-8")
    counts: Mapping[str, Mapping[str, int]] = json.loads(text)
    return counts


def _strength(provider: Provider[Any]) -> str:
    """Who could have made the proof: only the holder of a private key, or we ourselves as well."""
    kinds = {form.kind for form in provider.keys if form.use in ("verify", "root")}
    public, secret = bool(kinds - {"secret"}), "secret" in kinds or not kinds
    return " or ".join(
        name for name, is_so in (("signed", public), ("shared-secret", secret)) if is_so
    )


def _encrypted(provider: Provider[Any], facts: Mapping[str, str]) -> str | None:
    text = " ".join(facts[label] for label in ("Sealed", "Encrypted") if label in facts)
    if text:
        return text
    return "the content" if opens(provider) else None


def _window(provider: Provider[Any], facts: Mapping[str, str]) -> str | None:
    chosen = TOLERANCE in provider.settings
    if "Window" in facts:
        return facts["Window"]
    return f"the account's `{TOLERANCE.name}`, either way" if chosen else None


def _replies(provider: Provider[Any], facts: Mapping[str, str]) -> dict[str, Any]:
    """Return both replies; None for one that is made of what is proven."""
    success = failure = None
    if provider.reply_when == "stored":
        success, failure = _reply(provider, 200), _reply(provider, 401)
        if success["body"] and success["body"] == failure["body"]:
            success = None
    return {"success": success, "failure": failure, "note": facts.get("Reply")}


def _reply(provider: Provider[Any], status: int) -> dict[str, Any]:
    """Return the reply to an empty callback without proof."""
    account = Account(
        provider=provider.name, name="account", mode="test", ledger="account",
        settings={each.name: (each.choices or (each.example,))[0] for each in provider.settings},
        keys=(), revision="",
    )  # fmt: skip
    nothing = Callback(
        id="", provider=provider.name, account="account", received_at_ms=0,
        method=provider.methods[0], target="/", headers=(), body=b"",
    )  # fmt: skip
    made = provider.reply(nothing, Receipt(status), account)
    return {"status": made.status, "body": made.body.decode()}


def _setting(setting: Setting) -> dict[str, Any]:
    return {
        "name": setting.name,
        "required": setting.required,
        "pinned": setting.pinned,
        "choices": list(setting.choices),
        "meaning": setting.meaning,
        "example": setting.example,
    }


def _key(form: KeyForm) -> dict[str, Any]:
    return {
        "use": form.use,
        "kind": form.kind,
        "required": form.required,
        "chosen_by": form.chosen_by,
        "note": form.note,
    }
