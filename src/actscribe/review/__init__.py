"""The page on which a person sees a timeline beside its video and corrects it, served on this machine alone."""
