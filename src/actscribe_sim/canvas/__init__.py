"""What everything simulated is drawn with: a canvas seen by a camera, textures, shapes, hands."""
