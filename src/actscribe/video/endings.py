"""Endings of video files, by the container that PyAV knows.

The keys are names of FFmpeg's readers or writers in `av.formats_available`. Left out is what opens as well and is no
film that anybody annotates: pictures, sound, subtitles, playlists, raw streams without times, games' cut-scenes,
and endings that other files have more often (.dat, .mod).
FFmpeg recognizes a file by its content; only a folder of files is searched by ending.
"""

from __future__ import annotations

_CONTAINERS = {
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4 m4v mov qt 3gp 3g2 mj2 f4v ismv insv lrv psp",
    "matroska,webm": "mkv mk3d webm",
    "avi": "avi divx",
    "mpegts": "ts mts m2ts m2t tp trp tod",
    "mpeg": "mpg mpeg mpe vob",
    "mpegvideo": "m1v m2v",
    "asf": "wmv asf",
    "flv": "flv",
    "ogg": "ogv ogm",
    "mxf": "mxf",
    "gxf": "gxf",
    "dv": "dv dif",
    "rm": "rm rmvb",
    "wtv": "wtv",
    "dhav": "dav",
    "nsv": "nsv",
    "nut": "nut",
    "ivf": "ivf",
    "amv": "amv",
    "kux": "kux",
    "swf": "swf",
    "ser": "ser",
    "cine": "cine",
    "yuv4mpegpipe": "y4m",
    "smjpeg": "mjpg mjpeg",
}
VIDEO_ENDINGS = frozenset(f".{ending}" for endings in _CONTAINERS.values() for ending in endings.split())
