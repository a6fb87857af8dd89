"""What every layer speaks: frozen values and the columnar tables."""
