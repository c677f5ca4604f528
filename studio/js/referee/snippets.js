// The same bout judged from curl, Python and JavaScript: whole programs that run as they are.
// A drawn bout is fetched first; files of the visitor are expected beside the program.

/** @typedef {{server:string, video:string, signal:string, drawn:number|null}} Subject `drawn`: the seed, null for own files */

/** @param {Subject} subject */
export function curl({ server, video, signal, drawn }) {
  return `SERVER=${server}
${drawn === null ? `# your files, beside this script: ${video}, ${signal}` : `curl -s -o ${quote(video)} "$SERVER/studio/bout.avi?seed=${drawn}"
curl -s -o ${quote(signal)} "$SERVER/studio/bout.txt?seed=${drawn}"`}

# a whole file in, the verdict out; to stream while it is being fenced: frameloom client referee
curl -s "$SERVER/analyze" -F ${quote(`video=@${video}`)} -F ${quote(`signal=@${signal}`)} -o result.json
grep -E '"(winner|reason)"' result.json`;
}

/** @param {Subject} subject */
export function python({ server, video, signal, drawn }) {
  return `# pip install opencv-python websockets
import asyncio, json, time${drawn === null ? '' : ', urllib.request'}
import cv2, websockets

SERVER, VIDEO, SIGNAL = "${server}", ${JSON.stringify(video)}, ${JSON.stringify(signal)}
${drawn === null ? '' : `for name in VIDEO, SIGNAL:  # a bout that the server draws
    kind = name.rsplit(".", 1)[1]
    urllib.request.urlretrieve(f"{SERVER}/studio/bout.{kind}?seed=${drawn}", name)
`}
async def judge():
    bout = cv2.VideoCapture(VIDEO)
    session = f"phrase_{int(time.time())}"
    async with websockets.connect(SERVER.replace("http", "ws", 1) + "/stream") as line:
        async def say(**message):
            await line.send(json.dumps({"session_id": session, **message}))
        async def hear():
            message = json.loads(await line.recv())
            if message["type"] == "error":
                raise SystemExit(f"{message['error_code']}: {message['error_message']}")
            return message

        await say(type="session_start", fps=bout.get(cv2.CAP_PROP_FPS),
                  width=int(bout.get(cv2.CAP_PROP_FRAME_WIDTH)), height=int(bout.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        await hear()
        number = 0
        while True:
            ok, frame = bout.read()
            if not ok:
                break
            jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
            await say(type="frame", frame_number=number, timestamp=time.time(), encoding="jpeg", size=len(jpeg))
            await line.send(jpeg)
            await hear()  # each frame is acknowledged
            number += 1
        await say(type="session_end", total_frames=number)
        await hear()
        signal = open(SIGNAL, "rb").read()
        await say(type="signal", filename=SIGNAL, size=len(signal))
        await line.send(signal)
        while (message := await hear())["type"] != "process_complete":
            print(message.get("stage", message["type"]), message.get("progress", ""))
        print(message["result"]["decision"]["winner"], "-", message["result"]["decision"]["reason"])

asyncio.run(judge())`;
}

/** @param {Subject} subject */
export function js({ server, video, signal, drawn }) {
  return `// node judge.mjs
${drawn === null ? "import { readFile } from 'node:fs/promises';\n" : ''}
const SERVER = '${server}';
const bytes = async (name) => ${drawn === null ? 'new Blob([await readFile(name)])' : `(await fetch(\`\${SERVER}/studio/bout.\${name.split('.').at(-1)}?seed=${drawn}\`)).blob()`};

// a whole file in, the verdict out
const form = new FormData();
form.append('video', await bytes(${JSON.stringify(video)}), ${JSON.stringify(video)});
form.append('signal', await bytes(${JSON.stringify(signal)}), ${JSON.stringify(signal)});
const response = await fetch(\`\${SERVER}/analyze\`, { method: 'POST', body: form });
const result = await response.json();
if (!response.ok) throw new Error(JSON.stringify(result.detail));
console.log(result.decision.winner, '-', result.decision.reason);
for (const { time, fact } of result.decision.evidence) console.log(\`\${time.toFixed(2)} s  \${fact}\`);`;
}

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
