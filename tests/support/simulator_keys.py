"""One account per founding provider, from both sides: the provider's keys and the merchant's."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from processors.account import Account
from processors.account_form import Digest, RawKey, build_account
from processors.registry import PROVIDERS
from streams.simulate import AccountKeys, SimulatorKey

NAME = "shop-1"
CERT_URL = "https://api.paypal.com/v1/notifications/certs/CERT-0c1d2e3f-5f0a11c2"
UNIONPAY_NAME = "041@83100000000083040@中国银联股份有限公司@00016495"
STRIPE_SECRET = "whsec_0123456789abcdefghijklmnopqrstuv"
WECHAT_SECRET = "0123456789abcdef0123456789ABCDEF"


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(name: str) -> str:
    octets = rsa_key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return octets.decode()


def public_text(name: str) -> str:
    pem = rsa_key(name).public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    return pem.decode()


@cache
def certificate(name: str, subject: str, issuer: str, issuer_subject: str, ca: bool) -> str:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    start = datetime(2020, 1, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer_subject))
        .public_key(rsa_key(name).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * 30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca and "paypal" in subject:
        names = x509.SubjectAlternativeName([x509.DNSName(subject)])
        builder = builder.add_extension(names, critical=False)
    signed = builder.sign(rsa_key(issuer), SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


def _chain(provider: str, leaf_name: str) -> tuple[str, str, str]:
    root, middle, leaf = f"{provider}-root", f"{provider}-middle", f"{provider}-leaf"
    return (
        certificate(root, root, root, root, True),
        certificate(middle, middle, root, root, True),
        certificate(leaf, leaf_name, middle, middle, False),
    )


@cache
def _account_parts(provider: str) -> tuple[dict[str, str], list[SimulatorKey], list[RawKey]]:
    """Return settings, the provider's keys and the merchant's keys."""
    if provider == "alipay":
        settings = {
            "app_id": "2021000000000001", "seller_id": "2088000000000002", "sign_type": "RSA2",
        }  # fmt: skip
        armoured = public_text(provider).splitlines()
        theirs = [SimulatorKey("1", "verify", "public-key", private_pem(provider))]
        return settings, theirs, [RawKey("1", "verify", "public-key", "".join(armoured[1:-1]))]
    if provider == "wechatpay-v3":
        kid = "PUB_KEY_ID_0112300001092024030100000000000001"
        theirs = [
            SimulatorKey(kid, "verify", "public-key", private_pem(provider)),
            SimulatorKey("1", "decrypt", "secret", secret=WECHAT_SECRET),
        ]
        ours = [
            RawKey(kid, "verify", "public-key", public_text(provider)),
            RawKey("1", "decrypt", "secret", WECHAT_SECRET),
        ]
        return {"mchid": "1230000109", "appid": "wxd678efh567hg6787"}, theirs, ours
    if provider == "wechatpay-v2":
        settings = {"mch_id": "10000100", "appid": "wx2421b1c4370ec43b", "sign_type": "MD5"}
        uses = ("verify", "decrypt")
        theirs = [SimulatorKey("1", use, "secret", secret=WECHAT_SECRET) for use in uses]
        return settings, theirs, [RawKey("1", use, "secret", WECHAT_SECRET) for use in uses]
    if provider == "unionpay":
        root, middle, leaf = _chain(provider, UNIONPAY_NAME)
        settings = {"mer_id": "777290058110048", "sign_method": "01", "version": "5.1.0"}
        theirs = [
            SimulatorKey(
                "leaf", "verify", "certificate", private_pem("unionpay-leaf"),
                certificate_pem=leaf,
            )
        ]  # fmt: skip
        ours = [
            RawKey("root", "root", "certificate", root),
            RawKey("middle", "root", "certificate", middle),
        ]
        return settings, theirs, ours
    if provider == "stripe":
        theirs = [SimulatorKey("1", "verify", "secret", secret=STRIPE_SECRET)]
        ours = [RawKey("1", "verify", "secret", STRIPE_SECRET)]
        return {"order_id_metadata_key": "order_id"}, theirs, ours
    if provider == "adyen":
        settings = {
            "webhook_type": "standard", "merchant_account_code": "ShopEU",
            "capture_delay": "manual",
        }  # fmt: skip
        secret = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
        theirs = [SimulatorKey("1", "verify", "secret", secret=secret)]
        return settings, theirs, [RawKey("1", "verify", "secret", secret)]
    assert provider == "paypal"
    root, middle, leaf = _chain(provider, "messageverificationcerts.paypal.com")
    theirs = [SimulatorKey(CERT_URL, "verify", "certificate", private_pem("paypal-leaf"))]
    ours = [
        RawKey(CERT_URL, "verify", "certificate", leaf + middle),
        RawKey("1", "root", "certificate", root),
    ]
    return {"webhook_id": "1JE4291016473214C"}, theirs, ours


def simulator_account(provider: str, **settings: str) -> AccountKeys:
    """Return the provider's side of an account in mode live."""
    given, theirs, _ = _account_parts(provider)
    return AccountKeys(provider, NAME, "live", {**given, **settings}, tuple(theirs))


def merchant_account(provider: str, **settings: str) -> Account:
    """Return our side of the same account."""
    given, _, ours = _account_parts(provider)
    account, problems = build_account(
        PROVIDERS[provider], name=NAME, mode="live", ledger=None,
        settings={**given, **settings}, keys=ours, digest=Digest(b"test"),
    )  # fmt: skip
    assert account is not None, problems
    return account


def write_keys(folder: Path, account: AccountKeys) -> None:
    """Write an account's simulator file and the head of its account file."""
    file = folder / ".simulator" / account.provider / f"{account.account}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    keys: list[dict[str, Any]] = [
        {
            "kid": key.kid,
            "use": key.use,
            "kind": key.kind,
            **({"private_pem": key.private_pem} if key.private_pem else {}),
            **({"secret_text": key.secret} if key.secret else {}),
            **({"certificate_pem": key.certificate_pem} if key.certificate_pem else {}),
        }
        for key in account.keys
    ]
    members = {
        "provider": account.provider, "account": account.account,
        "settings": dict(account.settings), "keys": keys,
    }  # fmt: skip
    file.write_bytes(orjson.dumps(members))
    head = folder / account.provider / f"{account.account}.toml"
    head.parent.mkdir(parents=True, exist_ok=True)
    head.write_text(f'provider = "{account.provider}"\nmode = "{account.mode}"\n')
