"""`python -m actscribe` is the command `actscribe`."""

from actscribe.cli import main

if __name__ == "__main__":
    main()
