// Reads session descriptions, one a line as a JSON string, by sdp-transform; answers in a line each
// with the media it found: [kind, port, protocol, address, direction, [[type, name, rate, channels]]].
//
//   node sdp_reader.mjs FOLDER_OF_SDP_TRANSFORM
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { parse } = createRequire(process.argv[2] + "/")("sdp-transform");

function media(session) {
  return session.media.map((each) => [
    each.type,
    each.port,
    each.protocol,
    (each.connection ?? session.connection).ip,
    each.direction ?? session.direction ?? "sendrecv",
    each.rtp.map((codec) => [codec.payload, codec.codec, codec.rate, codec.encoding ?? 1]),
  ]);
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(media(parse(JSON.parse(line)))) + "\n");
}
