"""A referee's client from the protocol guide's example, with the `websockets` library.

It is what somebody else would write: it shares no code with the server, waits for the answer to each frame, prints progress
and saves the result. Two things differ from the guide: pictures are read with Pillow instead of OpenCV, and `--pipeline N`
sends up to N frames before their answers.

    python referee_client.py http://localhost:8080 VIDEO SIGNAL [--output FILE] [--session-id NAME] [--pipeline N]

VIDEO is an AVI file with MJPEG, or a directory of pictures.
"""

import argparse
import asyncio
import io
import json
import struct
import sys
import time
from collections import deque
from pathlib import Path

import websockets
from PIL import Image


class Failed(Exception):
    """The server said that it will not go on."""


def avi_chunks(data, at, end):
    """Walks the chunks of a RIFF file: (name, content), lists entered."""
    while at + 8 <= end:
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name in (b"RIFF", b"LIST"):
            yield data[at + 8 : at + 12], None
            yield from avi_chunks(data, at + 12, min(at + 8 + size, end))
        else:
            yield name, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


class Video:
    """The pictures of a video and its rate."""

    def __init__(self, path):
        if path.is_dir():
            names = [name for name in path.iterdir() if name.suffix.lower() in (".jpg", ".jpeg", ".png")]
            self.files = [name.read_bytes() for name in sorted(names, key=lambda name: (len(name.name), name.name))]
            truth = path / "truth.json"
            self.fps = json.loads(truth.read_text())["fps"] if truth.exists() else 30.0
        else:
            chunks = list(avi_chunks(data := path.read_bytes(), 0, len(data)))
            header = next(content for name, content in chunks if name == b"avih")
            self.fps = 1e6 / struct.unpack_from("<I", header)[0]
            self.files = [content for name, content in chunks if name == b"00dc" and content]
        self.width, self.height = Image.open(io.BytesIO(self.files[0])).size

    def frames(self):
        """Each picture as a JPEG of quality 85, as the guide's client encodes them."""
        for file in self.files:
            encoded = io.BytesIO()
            Image.open(io.BytesIO(file)).convert("RGB").save(encoded, "JPEG", quality=85)
            yield encoded.getvalue()


async def hear(ws):
    """The next message; an error that ends the session is raised."""
    message = json.loads(await ws.recv())
    if message["type"] == "error" and not message["recoverable"]:
        raise Failed(f"{message['error_code']}: {message['error_message']}")
    return message


async def send_frame(ws, session, number, frame):
    await ws.send(
        json.dumps(
            {
                "type": "frame",
                "session_id": session,
                "frame_number": number,
                "timestamp": time.time(),
                "encoding": "jpeg",
                "size": len(frame),
            }
        )
    )
    await ws.send(frame)


async def heard_ack(ws, number):
    ack = await hear(ws)
    assert (ack["type"], ack["frame_number"], ack["status"]) == ("frame_ack", number, "received"), ack


async def send_frames(ws, session, video, pipeline):
    """Sends all frames; at most `pipeline` of them wait for their answer."""
    waiting = deque()
    total = 0
    for number, frame in enumerate(video.frames()):
        await send_frame(ws, session, number, frame)
        waiting.append(number)
        total += 1
        while len(waiting) >= pipeline:
            await heard_ack(ws, waiting.popleft())
    while waiting:
        await heard_ack(ws, waiting.popleft())
    return total


async def stream_video(server, video_path, signal_path, session, pipeline):
    ws_url = server.replace("http://", "ws://") + "/stream"
    video = Video(video_path)
    async with websockets.connect(ws_url) as ws:
        start = {"type": "session_start", "session_id": session, "fps": video.fps}
        await ws.send(json.dumps(start | {"width": video.width, "height": video.height}))
        started = await hear(ws)
        assert started == {"type": "session_started", "session_id": session}, started
        print(f"Session started: {started}")

        total = await send_frames(ws, session, video, pipeline)

        await ws.send(json.dumps({"type": "session_end", "session_id": session, "total_frames": total}))
        ended = await hear(ws)
        assert ended["type"] == "session_ended" and ended["validation"]["frame_count"] == total, ended
        print(f"Session ended: {ended}")

        signal = signal_path.read_bytes()
        announcement = {"type": "signal", "session_id": session, "filename": signal_path.name, "size": len(signal)}
        await ws.send(json.dumps(announcement))
        await ws.send(signal)

        while True:
            message = await hear(ws)
            if message["type"] == "process_complete":
                return message["result"]
            if message["type"] == "process_progress":
                print(f"Progress: {message['stage']} {message['progress']:.2f} - {message['message']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("video", type=Path)
    parser.add_argument("signal", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--session-id", default=time.strftime("phrase_%Y%m%d_%H%M%S"))
    parser.add_argument("--pipeline", type=int, default=1, metavar="N")
    options = parser.parse_args()
    streaming = stream_video(options.server, options.video, options.signal, options.session_id, options.pipeline)
    try:
        result = asyncio.run(streaming)
    except Failed as why:
        sys.exit(f"failed: {why}")
    if options.output:
        options.output.write_text(json.dumps(result, indent=2))
    print(f"Winner: {result.get('decision', result).get('winner')}")


if __name__ == "__main__":
    main()
