// Binary messages: the length of a JSON header, the header, and its parts. See messages.py.

export function pack(header, ...parts) {
  const head = new TextEncoder().encode(
    JSON.stringify({ ...header, parts: parts.map((part) => part.byteLength) }),
  );
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, head.length, true);
  return new Blob([length.buffer, head, ...parts]);
}

export function unpack(buffer) {
  let start = 4 + new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, start - 4)));
  const parts = header.parts.map((length) => {
    start += length;
    return new Uint8Array(buffer, start - length, length);
  });
  return { header, parts };
}

export async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
