"""What each recognizer will cost with a model, before any weight is loaded; and whether it fits."""
