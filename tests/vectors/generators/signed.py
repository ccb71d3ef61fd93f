"""Cases whose test signers say any tree: rows of meanings, and what all must refuse."""

from collections.abc import Callable, Iterable
from typing import Any

from tests.support.signers import SIGNERS, THIN, Signer, carrying
from tests.vectors.generators.cases import accepted, case, refused, replace_generated, unsupported

Tree = dict[str, Any]
Row = tuple[str, str, Tree, dict[str, Any]]
ENDED, STARTED, FUTURE = "2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
# What a message is without the keys of each use.
GONE = {"verify": "bad_signature", "root": "bad_signature", "decrypt": "undecryptable"}


def secret(text: str, kid: str = "1", use: str = "verify") -> dict[str, Any]:
    return {"kid": kid, "use": use, "kind": "secret", "text": text}


def fact(
    fact_type: str, payment: str | None, order: str | None = None, *, minor: int | None = None,
    currency: str = "CNY", at: str | None = None, **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """Return an expected event; what is None is compared as absent."""
    stated = {} if minor is None else {"amount_minor": minor, "currency": currency}
    told = {"type": fact_type, "payment_id": payment, "merchant_order_id": order}
    return told | {"occurred_at": at} | stated | more


class Signed:
    """The cases of one provider, each signed by its test signer; `write` replaces the last run."""

    def __init__(
        self, provider: str, at_ms: int, *keys: dict[str, Any], method: str = "POST",
        mode: str = "live", **settings: str,
    ) -> None:  # fmt: skip
        self.provider, self.at_ms, self.method = provider, at_ms, method
        self.account = {"mode": mode, "settings": settings, "keys": list(keys)}
        self.made: list[dict[str, Any]] = []

    def __call__(
        self, name: str, note: str, tree: Any, expect: dict[str, Any], **how: Any
    ) -> None:
        """Add a case. `settings` and `mode` change the account, `keys` those that it holds after
        signing, `signing` tells the signer more, `sent` and `headers` are functions of what was
        signed."""
        account = self.account | {
            "settings": self.account["settings"] | how.get("settings", {}),  # type: ignore[operator]
            "mode": how.get("mode", self.account["mode"]),
        }
        skeleton = {"account": account, "received_at_ms": self.at_ms}
        for member in ("signed_ms", "jws_header", "apple"):
            if member in how:
                skeleton[member] = how[member]
        skeleton |= how.get("signing", {})
        signer: Signer = ({**SIGNERS, **THIN})[self.provider]
        skeleton["account"] = held = signer.held(skeleton)
        headers, body = signer.sign(tree, skeleton)
        if "keys" in how:
            held = held | {"keys": how["keys"](held["keys"])}
        if "settings_after" in how:
            held = held | {"settings": held["settings"] | how["settings_after"]}
        sent = how.get("sent", lambda octets: octets)(body)
        made = case(
            name, note, account=held, provider=self.provider,
            headers=how.get("headers", lambda pairs: pairs)(headers),
            body=b"" if self.method == "GET" else sent, received_at_ms=self.at_ms, expect=expect,
        )  # fmt: skip
        made["request"] = carrying(made["request"] | {"method": self.method}, sent)
        self.made.append(made)

    def rows(self, rows: Iterable[Row]) -> None:
        for name, note, tree, expect in rows:
            self(name, note, tree, expect)

    def refusals(
        self, good: Tree, *events: dict[str, Any], named: bool = False, use: str = "verify"
    ) -> None:
        """Add what each must refuse or survive: keys in and out of force, bytes changed."""
        gone = unsupported("unknown_key") if named else refused(GONE[use])
        for name, dates, expect in (
            ("key-in-force", {"not_before": STARTED, "not_after": FUTURE}, accepted(*events)),
            ("key-out-of-force", {"not_after": ENDED}, gone),
            ("key-not-yet-in-force", {"not_before": FUTURE}, gone),
        ):
            self(name, "Keys count while they are in force.", good, expect, keys=dated(dates, use))
        # Which of two faults comes first depends on what is signed.
        self("body-of-nothing", "Empty.", good, {"verdict": "refused"}, sent=lambda _: b"")
        self(
            "body-cut-short", "The end is missing.", good, {"verdict": "refused"},
            sent=lambda octets: octets[: len(octets) // 2],
        )  # fmt: skip

    def without_headers(self, good: Tree, *names: str) -> None:
        """Add the message without each header that the proof needs."""
        for name in names:
            self(
                f"without-{name.lower()}", "What proves it is missing.", good,
                refused("bad_signature"),
                headers=lambda pairs, name=name: [p for p in pairs if p[0] != name],
            )  # fmt: skip

    def write(self) -> None:
        replace_generated(self.provider, self.made)


def dated(
    dates: dict[str, str], use: str = "verify"
) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    return lambda keys: [key | (dates if key["use"] == use else {}) for key in keys]


def swapped(before: bytes, behind: bytes) -> Callable[[bytes], bytes]:
    """Return a change of what was signed; `before` has to stand in it."""

    def change(octets: bytes) -> bytes:
        assert before in octets, before
        return octets.replace(before, behind, 1)

    return change
