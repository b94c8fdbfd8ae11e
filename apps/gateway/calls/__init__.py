"""What is decided about one call. Nothing here waits, reads or writes: all of it works on a snapshot, in microseconds.

`asking` reads what is asked, `access` says who may, `prompting` makes the messages, `limits` bounds them, `plan` puts
it together, `budgets` holds the money back, `events` and `metering` count what passed.
"""
