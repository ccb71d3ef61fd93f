"""Adapters: HTTP ingress, the logs, the stages, accounts, commands."""
