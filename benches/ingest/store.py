"""A referee's upload in FastAPI: stores the bytes, acknowledges, and does nothing else.

    python store.py FOLDER IMPLEMENTATION

IMPLEMENTATION is one of uvicorn's for WebSockets. Everything else is uvicorn at its fastest: uvloop, httptools, no access log,
no compression. The first line on standard output says where it listens; it ends with its standard input.
"""

import json
import os
import socket
import sys
import threading
from pathlib import Path

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

folder = Path(sys.argv[1])
app = FastAPI()


def text(**fields):
    return json.dumps(fields, separators=(",", ":"))


@app.websocket("/stream")
async def stream(client: WebSocket):
    await client.accept()
    file = None
    try:
        while True:
            said = json.loads(await client.receive_text())
            session = said["session_id"]
            if said["type"] == "session_start":
                file = open(folder / session, "xb", buffering=0)
                await client.send_text(text(type="session_started", session_id=session))
            else:
                file.write(await client.receive_bytes())
                ack = text(type="frame_ack", session_id=session, frame_number=said["frame_number"], status="received")
                await client.send_text(ack)
    except WebSocketDisconnect:
        pass
    finally:
        if file:
            file.close()


def end_with_input():
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    host, port = listener.getsockname()
    print(f"{host}:{port}", flush=True)
    threading.Thread(target=end_with_input, daemon=True).start()
    config = uvicorn.Config(
        app,
        ws=sys.argv[2],
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        ws_per_message_deflate=False,
    )
    uvicorn.Server(config).run(sockets=[listener])
