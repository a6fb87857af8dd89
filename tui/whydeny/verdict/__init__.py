"""Why an allowed session was refused: evidence, causes, diagnosis. Pure."""
