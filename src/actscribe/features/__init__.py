"""What frozen encoders make of videos: vectors, kept on disk, so that whoever meets the same encoder again is quick."""
