"""Dual encoders: CLIP, ViFi-CLIP and X-CLIP on video, each with and without VgHIF. Light to import."""
