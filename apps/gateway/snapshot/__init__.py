"""What the gateway must know to answer, in memory: `records` say what, `loading` reads it, `keeper` keeps it fresh."""
