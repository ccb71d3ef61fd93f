"""Accounts from files: loaded with every problem at once, watched, and swapped without restart."""

from streams.accounts.book import AccountBook
from streams.accounts.digest_key import load_digest
from streams.accounts.finding import Finding
from streams.accounts.load import load_accounts
from streams.accounts.watched import WatchedAccounts

__all__ = ["AccountBook", "Finding", "WatchedAccounts", "load_accounts", "load_digest"]
