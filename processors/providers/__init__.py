"""One file per provider: its protocol facts, its tables, a composition of shared recipes."""
