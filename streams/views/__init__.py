"""Views: payments, outcomes, rates and alarms as SQL rows, for people, console and commands.

Guarantees:  after every record that is marked as read, the rows say what it said. Rows are upserts
             that know what they have seen: at least once gives the same rows as once.
Does not:    decide anything. Lost rows are built again from the log (`views rebuild`).
Order:       within a partition as in the log; between partitions any.
On error:    a record that cannot be applied becomes a row of `view_failures` that names it; where
             even that cannot be written, the process ends before it is marked as read.
"""
