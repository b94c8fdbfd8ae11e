"""Writing down what happened: `spool` appends lines that survive a crash, `record` says what is in one."""
