"""A real server of models, beside the ones that tests write from documentation."""
