"""The page on which a watched recording is seen while it grows."""
