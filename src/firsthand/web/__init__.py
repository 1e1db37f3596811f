"""The HTTP faces over `service`."""
