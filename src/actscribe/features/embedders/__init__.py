"""The encoders that can be frozen, each behind `features.embedder.Embedder`."""
