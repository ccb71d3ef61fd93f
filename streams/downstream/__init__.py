"""The consumer kit: an inbox in the consumer's own database, and three small services on it.

Guarantees:  the effect of each event happens once. The event's id goes into the inbox in the same
             SQL transaction as the effect, and the offset is committed only after it.
Does not:    make what lies outside that transaction happen once. Mail is written into an outbox
             and sent at least once, each message under an id that stays the same.
Order:       the events of one payment in the order of their proof. Between payments any: what an
             order is worth is added up from its payments, in whatever order they came.
On error:    an event that cannot be read becomes a row that names it. The database being away is
             retried, then ends the process with the offset where it was; so does our own defect.
"""
