"""One machine with nothing installed: environments, embedded services and the processes of the portal."""
