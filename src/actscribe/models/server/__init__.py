"""Models behind a server on this machine: Ollama, llama.cpp, vLLM, LM Studio, and whatever else speaks OpenAI's way."""

from actscribe.models.server.chat import ChatServer, Options
from actscribe.models.server.encoded_clip import EncodedClip

__all__ = ["ChatServer", "EncodedClip", "Options"]
