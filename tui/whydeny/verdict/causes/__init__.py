"""One module a cause; a module is found by its file and its id is its file name."""
