"""Standard Webhooks cases. Run: ``python -m tests.vectors.generators.standard_webhooks``"""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vectors.generators.bodies import Cases, account, key
from tests.vectors.generators.cases import accepted, refused

AT_S = 1_714_979_289
SECRET = "whsec_" + base64.b64encode(b"made here, of no use elsewhere").decode()
OLD = "whsec_" + base64.b64encode(b"made here and out of use by now").decode()
SEED = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = "whpk_" + base64.b64encode(SEED.public_key().public_bytes_raw()).decode()
BODY = {"type": "thing.happened", "timestamp": "2024-05-06T07:08:09Z", "data": {"id": "1"}}
SETTINGS = {"secret_encoding": "base64", "header_prefix": "webhook"}


def signed(body: bytes, *items: str, message_id: str = "msg_1", stamp: str = str(AT_S)) -> Any:
    return [["webhook-id", message_id], ["webhook-timestamp", stamp],
            ["webhook-signature", " ".join(items)]]  # fmt: skip


def ed25519(body: bytes) -> str:
    signature = SEED.sign(f"msg_1.{AT_S}.".encode() + body)
    return "v1a," + base64.b64encode(signature).decode()


def main() -> None:
    cases = Cases("standard-webhooks", account(key(SECRET), **SETTINGS), AT_S * 1000)
    public = {"kid": "p", "use": "verify", "kind": "public-key", "text": PUBLIC}
    text = b'{"type":"thing.happened"}'
    asym, both = account(public, **SETTINGS), account(key(SECRET), public, **SETTINGS)
    cases("asks-and-announces-nothing", "The scheme gives no meaning.", BODY, accepted())
    for name, note, held, items, expect in (
        ("ed25519", "v1a of a public key.", asym, (ed25519(text),), accepted()),
        (
            "ed25519-beside-a-foreign-mac",
            "Items that fit no key are passed over.",
            both,
            ("v1,AAAA", "v9,x", "nocomma", "", ed25519(text)),
            accepted(),
        ),
        (
            "ed25519-of-another-body",
            "It covers the body.",
            asym,
            (ed25519(b"{}"),),
            refused("bad_signature"),
        ),
        (
            "ed25519-on-a-secret-alone",
            "The kind of key decides.",
            cases.held,
            (ed25519(text),),
            refused("bad_signature"),
        ),
        (
            "ed25519-cut-short",
            "Half a signature.",
            asym,
            (ed25519(text)[:50],),
            refused("bad_signature"),
        ),
    ):
        cases(
            name,
            note,
            text,
            expect,
            account=held,
            signed_by=cases.held,
            sent=text,
            only_headers=signed(text, *items),
        )
    cases(
        "no-id",
        "Part of the signed text.",
        BODY,
        refused("malformed"),
        only_headers=[
            ["webhook-timestamp", str(AT_S)],
            ["webhook-signature", "v1," + "A" * 43 + "="],
        ],
    )
    cases(
        "svix-names-on-a-webhook-account",
        "The account says which names count.",
        BODY,
        refused("bad_signature"),
        signed_by=account(key(SECRET), secret_encoding="base64", header_prefix="svix"),
    )
    cases(
        "text-of-a-secret-that-could-be-decoded",
        "raw means its text, prefix included.",
        BODY,
        accepted(),
        account=account(key(SECRET), secret_encoding="raw", header_prefix="webhook"),
    )
    cases.stale(BODY, 300_000)
    cases.rotation(BODY, OLD)
    cases.write()


if __name__ == "__main__":
    main()
