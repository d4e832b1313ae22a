"""The command line. One file per command or group: parse, call, render, exit. No rule of meaning lives here."""
