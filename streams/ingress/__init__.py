"""The front door: providers' HTTP calls become records, and only then are answered."""

from streams.ingress.admin import serve_admin
from streams.ingress.app import AccountsLike
from streams.ingress.ids import CallbackIds
from streams.ingress.limits import DEFAULT_LIMITS, Limits
from streams.ingress.serve import serve_ingress

__all__ = [
    "DEFAULT_LIMITS",
    "AccountsLike",
    "CallbackIds",
    "Limits",
    "serve_admin",
    "serve_ingress",
]
