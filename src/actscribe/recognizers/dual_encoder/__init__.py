"""CLIP, ViFi-CLIP and X-CLIP as recognizers."""
