"""`python -m actscribe` is the command `actscribe`."""

from actscribe.cli import main

main()
