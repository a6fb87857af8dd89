"""What a screen is made of: each widget takes a value, shows it and posts messages."""
