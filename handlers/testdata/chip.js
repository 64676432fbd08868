// A serial port with an ESP32-C3 in its boot loader, as far as esptool-js talks
// to one: it answers every command, takes the stub for started, and keeps what is
// written to its flash.
(() => {
  const SYNC = 0x08, READ_REG = 0x0a, MEM_END = 0x06, ERASE = 0xd0, BEGIN = 0x10, DATA = 0x11, END = 0x12;
  const registers = { 0x40001000: 0x6921506f }; // by which esptool-js knows the chip
  const chip = window.chip = { erased: false, address: -1, written: [], done: false };

  let out, frame = null, escaped = false;
  const send = bytes => {
    const body = bytes.flatMap(b => b == 0xc0 ? [0xdb, 0xdc] : b == 0xdb ? [0xdb, 0xdd] : [b]);
    out.enqueue(new Uint8Array([0xc0, ...body, 0xc0]));
  };
  const word = (bytes, at) => new DataView(new Uint8Array(bytes).buffer).getUint32(at, true);
  const answer = command => {
    const op = command[1], data = command.slice(8);
    const value = op == READ_REG ? registers[word(data, 0)] ?? 0 : op == SYNC ? 1 : 0; // 0 would be the stub's
    if (op == ERASE) chip.erased = true;
    if (op == BEGIN) chip.address = word(data, 12);
    if (op == DATA) chip.written.push(...data.slice(16));
    for (let n = op == SYNC ? 8 : 1; n > 0; n--) { // the boot loader answers a SYNC eight times
      send([1, op, 4, 0, value & 255, value >> 8 & 255, value >> 16 & 255, value >>> 24, 0, 0, 0, 0]);
    }
    if (op == MEM_END) send([...new TextEncoder().encode("OHAI")]);
    if (op == END) chip.done = true;
  };
  const take = byte => {
    if (byte == 0xc0) {
      if (frame?.length >= 8) answer(frame);
      frame = [];
    } else if (byte == 0xdb) {
      escaped = true;
    } else {
      frame?.push(!escaped ? byte : byte == 0xdc ? 0xc0 : 0xdb);
      escaped = false;
    }
  };

  const port = {
    open: async () => {
      port.readable = new ReadableStream({ start: controller => { out = controller } });
      port.writable = new WritableStream({ write: bytes => bytes.forEach(take) });
    },
    close: async () => { port.readable = port.writable = null },
    getInfo: () => ({}), setSignals: async () => {}, getSignals: async () => ({}),
    addEventListener() {}, removeEventListener() {},
  };
  navigator.serial.requestPort = async () => port;

  chip.digest = async () => {
    const inflated = new Blob([new Uint8Array(chip.written)]).stream().pipeThrough(new DecompressionStream("deflate"));
    const sum = await crypto.subtle.digest("SHA-256", await new Response(inflated).arrayBuffer());
    return [...new Uint8Array(sum)].map(b => b.toString(16).padStart(2, "0")).join("");
  };
})();
