"""PAN-OS's log filter language: parse it, compile it to one columnar expression, complete it, write it."""
