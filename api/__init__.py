"""The doors: HTTP and the command line. Translates; never decides."""
