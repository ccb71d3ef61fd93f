"""Keys that come from a seed: a second run signs with the same ones."""

import base64
import random

from Crypto.PublicKey import RSA

from tests.vectors.generators.sdk.written import Json


def rsa_key(name: str) -> RSA.RsaKey:
    return RSA.generate(2048, randfunc=random.Random(name).randbytes)


def pkcs8(key: RSA.RsaKey) -> str:
    return base64.b64encode(key.export_key("DER", pkcs=8)).decode()


def spki(key: RSA.RsaKey) -> str:
    return base64.b64encode(key.public_key().export_key("DER")).decode()


def public(key: RSA.RsaKey, kid: str = "1") -> Json:
    return {"kid": kid, "use": "verify", "kind": "public-key", "text": spki(key)}
