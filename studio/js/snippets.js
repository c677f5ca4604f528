// The same walk from curl, Python and JavaScript: whole programs that run as they are against the public API.

/** @typedef {{api:string, image:string|null, file:string, size:[number, number], speed:number}} Walk
 *  `image`: address of a sample to fetch first, null when `file` is the visitor's own. */

/** @param {Walk} walk */
export function curl({ api, image, file, size, speed }) {
  return `API=${api}
${image ? `curl -s -o ${quote(file)} ${image}` : `# your picture, beside this script: ${file}`}

# start a stream on the picture
ID=$(printf '{"image_base64":"%s","video_size":[${size}]}' "$(base64 < ${quote(file)} | tr -d '\\n')" |
  curl -s "$API/start_stream" -H 'Content-Type: application/json' -d @- |
  sed 's/.*"stream_id": *"\\([^"]*\\)".*/\\1/')

# record the video while walking forward for two seconds
curl -sN --max-time 4 "$API/video/$ID" -o walk.mjpeg &
for step in $(seq 20); do
  curl -s "$API/control/$ID" -H 'Content-Type: application/json' -d '{"action":"w","speed":${speed}}' -o /dev/null
  sleep 0.1
done
curl -s -X POST "$API/stop_stream/$ID"
wait
# look at it: ffplay -f mpjpeg walk.mjpeg`;
}

/** @param {Walk} walk */
export function python({ api, image, file, size, speed }) {
  return `import base64, json, threading, time, urllib.request

API = "${api}"

def post(path, body=None):
    request = urllib.request.Request(API + path, method="POST")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    return json.load(urllib.request.urlopen(request))

${image ? `picture = urllib.request.urlopen("${image}").read()` : `picture = open(${JSON.stringify(file)}, "rb").read()  # your picture`}
stream = post("/start_stream", {
    "image_base64": base64.b64encode(picture).decode(),
    "video_size": [${size.join(', ')}],
})["stream_id"]

def record():
    with urllib.request.urlopen(f"{API}/video/{stream}") as video, open("walk.mjpeg", "wb") as out:
        while chunk := video.read1(65536):
            out.write(chunk)

recorder = threading.Thread(target=record)
recorder.start()
for _ in range(20):  # walk forward for two seconds
    post(f"/control/{stream}", {"action": "w", "speed": ${speed}})
    time.sleep(0.1)
post(f"/stop_stream/{stream}")  # ends the video too
recorder.join()
print("ffplay -f mpjpeg walk.mjpeg")`;
}

/** @param {Walk} walk */
export function js({ api, image, file, size, speed }) {
  return `// node walk.mjs
import { readFile, writeFile } from 'node:fs/promises';

const API = '${api}';
const post = async (path, body) => (await fetch(API + path, {
  method: 'POST',
  ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
})).json();

${image ? `const picture = Buffer.from(await (await fetch('${image}')).arrayBuffer());` : `const picture = await readFile(${JSON.stringify(file)}); // your picture`}
const { stream_id: stream } = await post('/start_stream', {
  image_base64: picture.toString('base64'),
  video_size: [${size.join(', ')}],
});

const video = fetch(\`\${API}/video/\${stream}\`).then((response) => response.arrayBuffer());
for (let step = 0; step < 20; step += 1) { // walk forward for two seconds
  await post(\`/control/\${stream}\`, { action: 'w', speed: ${speed} });
  await new Promise((resolve) => setTimeout(resolve, 100));
}
await post(\`/stop_stream/\${stream}\`); // ends the video too
await writeFile('walk.mjpeg', Buffer.from(await video));
console.log('ffplay -f mpjpeg walk.mjpeg');`.replace(image ? 'readFile, writeFile' : '', image ? 'writeFile' : '');
}

const quote = (file) => `'${file.replaceAll("'", "'\\''")}'`;
