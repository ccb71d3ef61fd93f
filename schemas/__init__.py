"""What is on the wire: callbacks, facts, events, outcomes, ledger states, topics."""
