"""Plain HTTP routes on the same port as the pages: what sets a cookie, takes or gives a file, or is open to anybody."""
