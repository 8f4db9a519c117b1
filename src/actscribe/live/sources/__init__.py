"""Where live pictures come from: files, growing ones, streams and cameras."""
