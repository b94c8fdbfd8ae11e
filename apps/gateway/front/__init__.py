"""The gateway as a web server: it answers what is its own and passes everything else on to the portal."""
