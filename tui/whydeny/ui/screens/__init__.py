"""What fills the terminal: one module a screen, its stylesheet beside it."""
