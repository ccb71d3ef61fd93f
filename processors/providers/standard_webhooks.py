"""Standard Webhooks 1.0.0, and Svix, from which they come: proof without a meaning.

Signed:     id, a dot, unix seconds, a dot, the raw body. ``webhook-signature`` lists ``v1,``
            HMAC-SHA-256 and ``v1a,`` Ed25519, both in Base64, between blanks; others are skipped.
            [spec]
Keys:       the kind of a key decides which version it may verify: secrets (``whsec_``, decoded, or
            the text itself, by setting) only ``v1``, public keys (``whpk_``) only ``v1a``. [spec,
            svix]
Window:     300 s, inclusive, on both sides; the time is that of the attempt. [lib]
Meaning:    none: any content may be signed. What it says is to be asked of whoever sends it.
Retries:    after 5 s, 5, 30 min, 2, 5, 10, 14, 20, 24 h, signed anew, until any 2xx. [spec]
Source:     standard-webhooks specification and libraries, svix-webhooks. Vectors:
            tests/vectors/standard-webhooks.json.
"""

from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, Setting, plain_reply
from processors.keys import KeyForm, ed25519_base64, secret_text
from processors.messages import standard_message, standard_ms, standard_signatures
from processors.secret_encoding import SECRET_ENCODING, check_encoding, keyed_hmac
from processors.signing import Authentic, check_ed25519, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed
from schemas.fact import Fact

TOLERANCE_MS: Final = 300_000
RETRIES_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)


def authenticate(callback: Callback, account: Account) -> Authentic[str]:
    prefix = account.settings["header_prefix"]
    proof = _proof(callback, account, prefix)
    proof = proof.fresh(callback, standard_ms(callback, prefix), within_ms=TOLERANCE_MS)
    message_id = callback.header_text(f"{prefix}-id", absent=Malformed)
    return proof.then(lambda _: message_id)


def _proof(callback: Callback, account: Account, prefix: str) -> Authentic[bytes]:
    try:
        signatures = standard_signatures(callback, prefix, b"v1", octets=32)
        return check_keyed_digest(
            (standard_message(callback, prefix),),
            keyed_hmac(account),
            signatures=signatures,
            keys=account.all_keys("verify", "secret"),
        )
    except BadSignature:
        # While senders move to another kind of key they send both.
        signatures = standard_signatures(callback, prefix, b"v1a", octets=64)
        return check_ed25519(
            (standard_message(callback, prefix),),
            signatures=signatures,
            keys=account.all_keys("verify", "public-key"),
        )


def interpret(notice: Authentic[str], account: Account) -> tuple[Fact | Inquiry, ...]:
    return (Inquiry("message", notice.content),)


def _check(account: Account) -> tuple[str, ...]:
    if not account.all_keys("verify"):
        return ("no key to verify with: enter the whsec_ secret or the whpk_ public key",)
    return check_encoding(account)


PROVIDER: Final = Provider(
    name="standard-webhooks",
    title="Standard Webhooks, Svix",
    protocol="specification 1.0.0",
    methods=("POST",),
    settings=(
        SECRET_ENCODING,
        Setting(
            name="header_prefix",
            required=True,
            pinned=True,
            choices=("webhook", "svix"),
            meaning="how the names of the three headers begin",
            example="webhook",
        ),
    ),
    keys=(
        KeyForm(
            use="verify",
            kind="secret",
            decode=secret_text(),
            required=False,
            chosen_by="all tried",
            note="whsec_..., the prefix may be left out; verifies v1 only",
        ),
        KeyForm(
            use="verify",
            kind="public-key",
            decode=ed25519_base64(prefix="whpk_"),
            required=False,
            chosen_by="all tried",
            note="whpk_..., Ed25519; verifies v1a only",
        ),
    ),
    check=_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=RETRIES_S,
)
