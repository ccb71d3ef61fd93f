"""One file per provider: its protocol facts, its tables, and a composition of the shared recipes."""
