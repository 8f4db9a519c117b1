"""How many tokens Qwen3-VL makes of pictures and of a video, by the functions of its processors in transformers."""

from __future__ import annotations

from dataclasses import dataclass

from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize as resize_picture
from transformers.models.qwen3_vl.video_processing_qwen3_vl import Qwen3VLVideoProcessor
from transformers.models.qwen3_vl.video_processing_qwen3_vl import smart_resize as resize_video

from fakes.serving import Prompt

#: Pixels to a side of one token: 16 of a patch, two patches merged. Frames that are one in time.
SIDE, TEMPORAL = 32, 2
#: Of a picture, in the files that the model is published with.
PICTURE_PIXELS = (65536, 16777216)
#: Tokens around a picture, or around a pair of frames with its time.
AROUND_PICTURE, AROUND_PAIR = 2, 9


@dataclass(frozen=True)
class Counting:
    """A way of counting.

    Args:
        video_pixels: fewest and most pixels of a whole video.
    """

    video_pixels: tuple[int, int]

    def __call__(self, prompt: Prompt) -> int:
        """Return the tokens of a prompt."""
        words = len(prompt.text.split()) * 4 // 3 + 10
        if not prompt.pictures:
            return words
        height, width = prompt.pictures[0].shape[:2]
        count = len(prompt.pictures)
        if not prompt.is_video:
            tall, wide = resize_picture(height, width, SIDE, *PICTURE_PIXELS)
            return words + count * (tall // SIDE * (wide // SIDE) + AROUND_PICTURE)
        tall, wide = resize_video(count, height, width, TEMPORAL, SIDE, *self.video_pixels)
        pairs = -(-count // TEMPORAL)
        return words + pairs * (tall // SIDE * (wide // SIDE) + AROUND_PAIR)


#: As the processor is without a model's own file, which keeps a clip to a few hundred tokens.
DEFAULT = Counting((Qwen3VLVideoProcessor.size["shortest_edge"], Qwen3VLVideoProcessor.size["longest_edge"]))
#: As published with the models: a short clip is never made smaller.
PUBLISHED = Counting((4096, 25165824))
